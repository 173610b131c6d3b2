/* SPDX-License-Identifier: MIT */
/* ICMP errors for datagrams of ours: from the socket's error queue, with what the returned bytes
 * tell of the message, to the core thread. Transport thread. RFC 3261 §18.4. */
#include "sipstack/transport/transport_inner.h"

enum { RETURNED_BYTES = 2048 };

static bool next_line(peal_str *rest, peal_str *ret)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!end) {
        return false; /* a line without end may be cut off */
    }
    size_t n = (size_t)(end - rest->p);
    *ret = peal_str_of(rest->p, n && rest->p[n - 1] == '\r' ? n - 1 : n);
    rest->p = end + 1;
    rest->n -= n + 1;
    return true;
}

static peal_str trim(peal_str s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) {
        ++s.p;
        --s.n;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        --s.n;
    }
    return s;
}

static bool split_header(peal_str line, peal_sip_header_id *ret_id, peal_str *ret_value)
{
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    if (!colon) {
        return false;
    }
    size_t n = (size_t)(colon - line.p);
    *ret_id = peal_sip_header_of(trim(peal_str_of(line.p, n)));
    *ret_value = trim(peal_str_of(colon + 1, line.n - n - 1));
    return true;
}

static peal_str first_branch(peal_str value)
{
    peal_str first = value;
    peal_sip_via via;
    if (peal_sip_list_next(&value, &first) != PEAL_OK || peal_sip_via_decode(first, &via) < 0) {
        return peal_str_of(NULL, 0);
    }
    return via.branch;
}

static peal_str cseq_method(peal_str value)
{
    peal_sip_cseq cseq;
    return peal_sip_cseq_decode(value, &cseq) < 0 ? peal_str_of(NULL, 0) : cseq.method_text;
}

void peal__sip_sent_scan(peal_str bytes, peal__sip_sent_facts *ret)
{
    static const peal_str version = { "SIP/2.0 ", 8 };
    peal_str line, value;
    peal_sip_header_id id;
    memset(ret, 0, sizeof *ret);
    if (!next_line(&bytes, &line)) {
        return;
    }
    ret->is_request = line.n < version.n || memcmp(line.p, version.p, version.n) != 0;
    const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
    if (ret->is_request && space) {
        ret->method = peal_str_of(line.p, (size_t)(space - line.p));
    }
    while ((!ret->branch.n || !ret->method.n) && next_line(&bytes, &line) && line.n) {
        if (!split_header(line, &id, &value)) {
            continue;
        }
        if (id == PEAL_SIP_HEADER_VIA && !ret->branch.n) {
            ret->branch = first_branch(value);
        } else if (id == PEAL_SIP_HEADER_CSEQ && !ret->method.n) {
            ret->method = cseq_method(value);
        }
    }
}

static void on_core(peal_msg *msg)
{
    peal__sip_net_error *error = PEAL_CONTAINER_OF(msg, peal__sip_net_error, msg);
    const peal__sip_transport_config *config = &error->transport->config;
    config->user_vt->on_net_error(config->user, error);
}

static peal_str copy_behind(char **out, peal_str text)
{
    peal_str copy = peal_str_of(*out, text.n);
    if (text.n) {
        memcpy(*out, text.p, text.n);
    }
    *out += text.n;
    return copy;
}

/* A branch names the transaction; an error without it is counted and forgotten. */
static void report(peal__sip_transport *transport, const peal_sock_error *entry,
                   const peal__sip_sent_facts *facts)
{
    peal__sip_net_error *error = peal_pool_alloc(peal_thread_pool(transport->config.transport),
                                                 sizeof *error + facts->branch.n + facts->method.n);
    if (!error) {
        return; /* the transaction's own timer will tell */
    }
    char *behind = (char *)(error + 1);
    memset(error, 0, sizeof *error);
    error->msg.run = on_core;
    error->transport = transport;
    error->result = entry->result;
    error->peer = entry->peer;
    error->is_request = facts->is_request;
    error->method = peal_sip_method_of(facts->method);
    error->method_text = copy_behind(&behind, facts->method);
    error->branch = copy_behind(&behind, facts->branch);
    peal_thread_post(transport->config.core, &error->msg);
}

bool peal__sip_take_net_error(peal__sip_udp *udp)
{
    peal__sip_transport *transport = udp->transport;
    char returned[RETURNED_BYTES];
    peal_sock_error entry = { .result = PEAL_OK };
    peal__sip_sent_facts facts;
    const peal_port_vt *port = peal_thread_port(transport->config.transport)->vt;
    if (port->udp_error(udp->sock, &entry, returned, sizeof returned) < 0) {
        return false;
    }
    PEAL__SIP_COUNT(transport, net_errors);
    size_t bytes = entry.bytes < sizeof returned ? entry.bytes : sizeof returned;
    peal__sip_sent_scan(peal_str_of(returned, bytes), &facts);
    if (facts.branch.n) {
        report(transport, &entry, &facts);
    }
    return true;
}
