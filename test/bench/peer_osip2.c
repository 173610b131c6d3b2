/* SPDX-License-Identifier: MIT */
/* GNU oSIP in the parser benchmark. */
#include "test/bench/parse_peer.h"

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>

#include <stdio.h>
#include <stdlib.h>

bool parse_peer_init(void)
{
    return parser_init() == 0;
}

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static size_t host_length(const char *s)
{
    return s ? parse_host_length(s, strlen(s)) : 0;
}

static const char *param(osip_list_t *params, const char *name)
{
    osip_uri_param_t *found = NULL;
    osip_uri_param_get_byname(params, (char *)name, &found);
    return found ? found->gvalue : NULL;
}

static uint64_t number(const osip_message_t *sip, const char *name)
{
    osip_header_t *header = NULL;
    osip_message_header_get_byname(sip, name, 0, &header);
    return header && header->hvalue ? strtoull(header->hvalue, NULL, 10) : 0;
}

static bool read_fields(osip_message_t *sip, parse_fields *f)
{
    osip_via_t *via = osip_list_get(&sip->vias, 0);
    osip_contact_t *contact = NULL;
    if (!via || !sip->from || !sip->to || !sip->call_id || !sip->cseq) {
        return false;
    }
    f->value[PARSE_BRANCH] += length(param(&via->via_params, "branch"));
    f->value[PARSE_FROM_TAG] += length(param(&sip->from->gen_params, "tag"));
    f->value[PARSE_TO_TAG] += length(param(&sip->to->gen_params, "tag"));
    f->value[PARSE_CALL_ID] +=
        length(sip->call_id->number) + length(sip->call_id->host) + (sip->call_id->host != NULL);
    f->value[PARSE_CSEQ] += strtoull(sip->cseq->number, NULL, 10);
    f->value[PARSE_METHOD] += length(sip->cseq->method);
    if (MSG_IS_REQUEST(sip) && sip->req_uri) {
        f->value[PARSE_URI_USER] += length(sip->req_uri->username);
        f->value[PARSE_URI_HOST] += host_length(sip->req_uri->host);
    }
    if (osip_message_get_contact(sip, 0, &contact) >= 0 && contact && contact->url) {
        f->value[PARSE_CONTACT] += host_length(contact->url->host);
    }
    f->value[PARSE_MAX_FORWARDS] += number(sip, "max-forwards");
    f->value[PARSE_EXPIRES] += number(sip, "expires");
    return true;
}

static bool push_via(osip_message_t *sip)
{
    osip_via_t *via = NULL;
    if (osip_via_init(&via) != 0) {
        return false;
    }
    if (osip_via_parse(via, PARSE_VIA) != 0 || osip_list_add(&sip->vias, via, 0) < 0) {
        osip_via_free(via);
        return false;
    }
    return true;
}

static long write_on(osip_message_t *sip, char *written)
{
    osip_header_t *hops = NULL;
    char *text = NULL;
    size_t bytes = 0;
    osip_message_header_get_byname(sip, "max-forwards", 0, &hops);
    if (hops && hops->hvalue) {
        unsigned long left = strtoul(hops->hvalue, NULL, 10);
        char *value = osip_malloc(24);
        if (!value) {
            return -1;
        }
        (void)snprintf(value, 24, "%lu", left ? left - 1 : 0);
        osip_free(hops->hvalue);
        hops->hvalue = value;
    }
    if (!push_via(sip)) {
        return -1;
    }
    osip_message_force_update(sip);
    if (osip_message_to_str(sip, &text, &bytes) != 0 || bytes > PARSE_BYTES_MAX) {
        osip_free(text);
        return -1;
    }
    memcpy(written, text, bytes);
    osip_free(text);
    return (long)bytes;
}

long parse_peer_run(int program, char *data, size_t bytes, parse_fields *fields, char *written)
{
    osip_message_t *sip = NULL;
    long rc = -1;
    if (osip_message_init(&sip) != 0) {
        return -1;
    }
    if (osip_message_parse(sip, data, bytes) == 0) {
        rc = program < 2 || read_fields(sip, fields) ? 0 : -1;
        rc = rc == 0 && program == 3 ? write_on(sip, written) : rc;
    }
    osip_message_free(sip);
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
