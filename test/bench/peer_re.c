/* SPDX-License-Identifier: MIT */
/* libre in the parser benchmark. It decodes Via, To, From, CSeq and the Request-URI while parsing,
 * and has no encoder of whole messages: headers are printed one by one, as its users do. */
#include "test/bench/parse_peer.h"

#include <re.h>

bool parse_peer_init(void)
{
    return libre_init() == 0;
}

static void read_fields(const struct sip_msg *msg, parse_fields *f)
{
    const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
    struct sip_addr address;
    f->value[PARSE_BRANCH] += msg->via.branch.l;
    f->value[PARSE_FROM_TAG] += msg->from.tag.l;
    f->value[PARSE_TO_TAG] += msg->to.tag.l;
    f->value[PARSE_CALL_ID] += msg->callid.l;
    f->value[PARSE_CSEQ] += msg->cseq.num;
    f->value[PARSE_METHOD] += msg->cseq.met.l;
    if (msg->req) {
        f->value[PARSE_URI_USER] += msg->uri.user.l;
        f->value[PARSE_URI_HOST] += parse_host_length(msg->uri.host.p, msg->uri.host.l);
    }
    if (contact && sip_addr_decode(&address, &contact->val) == 0) {
        f->value[PARSE_CONTACT] += parse_host_length(address.uri.host.p, address.uri.host.l);
    }
    f->value[PARSE_MAX_FORWARDS] += msg->maxfwd.l ? pl_u32(&msg->maxfwd) : 0;
    f->value[PARSE_EXPIRES] += msg->expires.l ? pl_u32(&msg->expires) : 0;
}

static int print_start(struct mbuf *out, const struct sip_msg *msg)
{
    return msg->req ? mbuf_printf(out, "%r %r SIP/%r\r\n", &msg->met, &msg->ruri, &msg->ver)
                    : mbuf_printf(out, "SIP/%r %u %r\r\n", &msg->ver, msg->scode, &msg->reason);
}

static long write_on(const struct sip_msg *msg, char *written)
{
    struct mbuf *out = mbuf_alloc(1024);
    if (!out) {
        return -1;
    }
    int err = print_start(out, msg);
    err |= mbuf_printf(out, "Via: %s\r\n", PARSE_VIA);
    for (const struct le *le = list_head(&msg->hdrl); le; le = le->next) {
        const struct sip_hdr *hdr = le->data;
        if (hdr->id == SIP_HDR_MAX_FORWARDS) {
            uint32_t hops = pl_u32(&hdr->val);
            err |= mbuf_printf(out, "%r: %u\r\n", &hdr->name, hops ? hops - 1 : 0);
        } else {
            err |= mbuf_printf(out, "%r: %r\r\n", &hdr->name, &hdr->val);
        }
    }
    err |= mbuf_write_str(out, "\r\n");
    err |= mbuf_write_mem(out, mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
    long bytes = err || out->end > PARSE_BYTES_MAX ? -1 : (long)out->end;
    if (bytes > 0) {
        memcpy(written, out->buf, out->end);
    }
    mem_deref(out);
    return bytes;
}

long parse_peer_run(int program, char *data, size_t bytes, parse_fields *fields, char *written)
{
    struct sip_msg *msg = NULL;
    struct mbuf *mb = mbuf_alloc(bytes);
    if (!mb) {
        return -1;
    }
    (void)mbuf_write_mem(mb, (const uint8_t *)data, bytes);
    mb->pos = 0;
    long rc = sip_msg_decode(&msg, mb) == 0 ? 0 : -1;
    if (rc == 0 && program >= 2) {
        read_fields(msg, fields);
    }
    if (rc == 0 && program == 3) {
        rc = write_on(msg, written);
    }
    mem_deref(msg);
    mem_deref(mb);
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
