/* SPDX-License-Identifier: MIT */
/* Sofia-SIP in the parser benchmark. */
#include "test/bench/parse_peer.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/msg_parser.h>
#include <sofia-sip/msg_types.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_alloc.h>

bool parse_peer_init(void)
{
    return su_init() == 0;
}

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static size_t host_length(const char *s)
{
    return s ? parse_host_length(s, strlen(s)) : 0;
}

static void read_fields(const sip_t *s, parse_fields *f)
{
    f->value[PARSE_BRANCH] += length(s->sip_via->v_branch);
    f->value[PARSE_FROM_TAG] += length(s->sip_from->a_tag);
    f->value[PARSE_TO_TAG] += length(s->sip_to->a_tag);
    f->value[PARSE_CALL_ID] += length(s->sip_call_id->i_id);
    f->value[PARSE_CSEQ] += s->sip_cseq->cs_seq;
    f->value[PARSE_METHOD] += length(s->sip_cseq->cs_method_name);
    if (s->sip_request) {
        f->value[PARSE_URI_USER] += length(s->sip_request->rq_url->url_user);
        f->value[PARSE_URI_HOST] += host_length(s->sip_request->rq_url->url_host);
    }
    f->value[PARSE_CONTACT] += s->sip_contact ? host_length(s->sip_contact->m_url->url_host) : 0;
    f->value[PARSE_MAX_FORWARDS] += s->sip_max_forwards ? s->sip_max_forwards->mf_count : 0;
    f->value[PARSE_EXPIRES] += s->sip_expires ? s->sip_expires->ex_delta : 0;
}

/* Only what was changed is printed anew; the rest is sent as it was received. */
static long write_on(msg_t *m, sip_t *s, char *written)
{
    sip_via_t *via = sip_via_make(msg_home(m), PARSE_VIA);
    if (!via || msg_header_insert(m, (msg_pub_t *)s, (msg_header_t *)via) < 0) {
        return -1;
    }
    if (s->sip_max_forwards && s->sip_max_forwards->mf_count) {
        --s->sip_max_forwards->mf_count;
        msg_fragment_clear(s->sip_max_forwards->mf_common);
    }
    if (msg_serialize(m, (msg_pub_t *)s) < 0 || msg_prepare(m) < 0) {
        return -1;
    }
    msg_iovec_t vector[256];
    isize_t n = msg_iovec(m, vector, 256);
    size_t bytes = 0;
    for (isize_t i = 0; i < n && i < 256; ++i) {
        memcpy(written + bytes, vector[i].mv_base, vector[i].mv_len);
        bytes += vector[i].mv_len;
    }
    return n <= 256 ? (long)bytes : -1;
}

long parse_peer_run(int program, char *data, size_t bytes, parse_fields *fields, char *written)
{
    msg_iovec_t v[8];
    size_t at = 0;
    msg_t *m = msg_create(sip_default_mclass(), 0);
    if (!m) {
        return -1;
    }
    ssize_t n = msg_recv_iovec(m, v, 8, bytes, 1);
    for (ssize_t i = 0; i < n && at < bytes; ++i) {
        size_t part = v[i].mv_len < bytes - at ? v[i].mv_len : bytes - at;
        memcpy(v[i].mv_base, data + at, part);
        at += part;
    }
    (void)msg_recv_commit(m, (ssize_t)bytes, 1);
    long rc = n < 1 || msg_extract(m) < 0 || sip_object(m)->sip_error ? -1 : 0;
    sip_t *s = sip_object(m);
    if (rc == 0 && (!s->sip_via || !s->sip_from || !s->sip_to || !s->sip_call_id || !s->sip_cseq)) {
        rc = -1;
    }
    if (rc == 0 && program >= 2) {
        read_fields(s, fields);
    }
    if (rc == 0 && program == 3) {
        rc = write_on(m, s, written);
    }
    msg_destroy(m);
    return rc;
}

long parse_peer_allocations(void)
{
    return -1;
}

bool parse_peer_judge(char *data, size_t bytes)
{
    parse_fields fields = { { 0 } };
    return parse_peer_run(2, data, bytes, &fields, NULL) >= 0;
}
