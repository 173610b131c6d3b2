/* SPDX-License-Identifier: MIT */
/* One Via value. Any thread. RFC 2543 §6.43 (comment).
 *
 * RFC 3261 §25.1: Via               = via-parm *(COMMA via-parm)
 *                 via-parm          = sent-protocol LWS sent-by *(SEMI via-params)
 *                 sent-protocol     = protocol-name SLASH protocol-version SLASH transport
 *                 sent-by           = host [COLON port]
 *                 via-params        = via-ttl / via-maddr / via-received / via-branch
 *                                   / via-extension
 * RFC 3581 §6:    response-port     = "rport" [EQUAL 1*DIGIT] */
#include "sipstack/parser/header_inner.h"

/* token, with white space around it passed over; absent when there is none. */
static peal_str take_token(const char **p, const char *end)
{
    const char *start = peal__sip_skip_ws(*p, end);
    const char *stop = peal__sip_skip(start, end, PEAL__SIP_TOKEN);
    *p = peal__sip_skip_ws(stop, end);
    return stop > start ? peal__sip_between(start, stop) : peal_str_of(NULL, 0);
}

static bool take_slash(const char **p, const char *end)
{
    if (*p == end || **p != '/') {
        return false;
    }
    ++*p;
    return true;
}

/* SIP/version/transport, then white space. */
static bool take_protocol(peal_sip_via *via, const char **p, const char *end)
{
    static const char usual[] = "SIP/2.0/UDP ";
    if (end - *p > 12 && peal__sip_load8(*p) == peal__sip_load8(usual) &&
        peal__sip_load4(*p + 8) == peal__sip_load4(usual + 8)) {
        via->transport = PEAL_SIP_TRANSPORT_UDP;
        via->transport_text = peal_str_of(*p + 8, 3);
        *p = peal__sip_skip_ws(*p + 12, end);
        return true;
    }
    peal_str name = take_token(p, end);
    if (!peal__sip_token_is(name, PEAL_STR("sip")) || !take_slash(p, end)) {
        return false;
    }
    /* Any version: a response to a message of another version must find its way (505). */
    if (take_token(p, end).n == 0 || !take_slash(p, end)) {
        return false;
    }
    via->transport_text = take_token(p, end);
    via->transport = peal_sip_transport_of(via->transport_text);
    return via->transport_text.n && peal__sip_in((*p)[-1], PEAL__SIP_WS);
}

static bool take_sent_by(peal_sip_via *via, const char **p, const char *end)
{
    const char *start = *p;
    const char *stop = peal__sip_host(start, end);
    if (!stop) {
        return false;
    }
    via->host = peal__sip_between(start, stop);
    stop = peal__sip_skip_ws(stop, end);
    if (stop < end && *stop == ':') {
        stop = peal__sip_port(peal__sip_skip_ws(stop + 1, end), end, &via->port);
    }
    *p = stop ? peal__sip_skip_ws(stop, end) : NULL;
    return stop != NULL;
}

static bool take_rport(peal_sip_via *via, peal_str value)
{
    const char *end = value.p + value.n;
    if (via->has_rport) {
        return false;
    }
    via->has_rport = true;
    return value.n == 0 || peal__sip_port(value.p, end, &via->rport) == end;
}

/* A parameter that stands twice would be read differently by the next element. */
static bool take_text(peal_str *place, peal_str value)
{
    bool ok = !place->p && value.n > 0;
    *place = value;
    return ok;
}

static bool keep_param(peal_sip_via *via, peal_str name, peal_str value)
{
    switch (name.n) {
    case 5:
        if (peal__sip_token_is(name, PEAL_STR("rport"))) {
            return take_rport(via, value);
        }
        if (peal__sip_token_is(name, PEAL_STR("maddr"))) {
            return take_text(&via->maddr, value);
        }
        break;
    case 6:
        if (peal__sip_token_is(name, PEAL_STR("branch"))) {
            return take_text(&via->branch, value);
        }
        break;
    case 8:
        if (peal__sip_token_is(name, PEAL_STR("received"))) {
            return take_text(&via->received, value);
        }
        break;
    default:
        break;
    }
    return true;
}

static bool take_params(peal_sip_via *via, const char *p, const char *end)
{
    peal_str name, value;
    peal_result r;
    via->params = peal__sip_between(p, end);
    if (p < end && *p != ';') {
        return false;
    }
    while ((r = peal__sip_param_take(&p, end, &name, &value)) == PEAL_OK) {
        if (!keep_param(via, name, value)) {
            return false;
        }
    }
    return r == PEAL_I_END;
}

/* RFC 2543 allowed a comment at the end. What stands in a quoted string is none. */
static const char *without_comment(const char *start, const char *end)
{
    const char *p = start;
    if (end == p || end[-1] != ')') {
        return end;
    }
    while (p && p < end) {
        if (*p == '"') {
            p = peal__sip_skip_quoted(p, end);
        } else if (*p == '(' && (p == start || peal__sip_in(p[-1], PEAL__SIP_WS))) {
            return peal__sip_skip_comment(p, end) == end ? p : end;
        } else {
            ++p;
        }
    }
    return end;
}

peal_result peal_sip_via_decode(peal_str text, peal_sip_via *ret)
{
    const peal_str absent = { NULL, 0 };
    peal_sip_via via;
    /* One by one: compilers clear whole structs of this size slowly. */
    via.text = peal__sip_trim(text);
    via.port = via.rport = 0;
    via.has_rport = false;
    via.branch = absent;
    via.received = absent;
    via.maddr = absent;
    const char *p = via.text.p;
    const char *end = p + via.text.n;
    if (!take_protocol(&via, &p, end) || !take_sent_by(&via, &p, end) ||
        !take_params(&via, p, without_comment(p, end))) {
        return PEAL_E_SIP_HEADER;
    }
    *ret = via;
    return PEAL_OK;
}

peal_result peal__sip_via_decode(peal_str text, void *ret)
{
    return peal_sip_via_decode(text, ret);
}

static void put_rport(peal__sip_out *out, const peal_sip_via *via)
{
    if (via->has_rport || via->rport) {
        peal__sip_put(out, PEAL_STR(";rport"));
    }
    if (via->rport) {
        peal__sip_put(out, PEAL_STR("="));
        peal__sip_put_number(out, via->rport);
    }
}

void peal__sip_via_write(peal__sip_out *out, const void *value)
{
    static const peal__sip_field fields[] = {
        PEAL__SIP_FIELD(peal_sip_via, branch, "branch", VALUE),
        PEAL__SIP_FIELD(peal_sip_via, received, "received", VALUE),
        PEAL__SIP_FIELD(peal_sip_via, maddr, "maddr", VALUE),
        PEAL__SIP_FIELD(peal_sip_via, has_rport, "rport", DONE),
    };
    const peal_sip_via *via = value;
    const char *end = via->host.p + via->host.n;
    peal__sip_put(out, PEAL_STR("SIP/2.0/"));
    peal__sip_put_token(out, via->transport_text.p ? via->transport_text
                                                   : peal_sip_transport_text(via->transport));
    peal__sip_put(out, PEAL_STR(" "));
    out->bad |= via->host.n == 0 || peal__sip_host(via->host.p, end) != end;
    peal__sip_put(out, via->host);
    if (via->port) {
        peal__sip_put(out, PEAL_STR(":"));
        peal__sip_put_number(out, via->port);
    }
    put_rport(out, via);
    peal__sip_fields_put(out, fields, PEAL_COUNT_OF(fields), ';', true, via, via->params);
}
