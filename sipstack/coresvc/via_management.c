/* SPDX-License-Identifier: MIT */
/* Via management (S6): a Via of our own with a new branch on each try. Core thread.
 * RFC 3261 §8.1.1.7, §18.1.1; RFC 3581 §3. */
#include "sipstack/coresvc/coresvc_priv.h"

typedef struct via_management {
    peal_obj obj;
    peal_sip_service service;
    peal_sip_context *context; /* borrowed for life */
} via_management;

const peal_clsid peal_sip_via_management_clsid = { "peal.sip.via_management",
                                                   UINT64_C(0x8160f3f686697b43) };

enum { BRANCH_BYTES = 16 }; /* [a-z0-9]: 82 bits */

static peal_result attached(peal_sip_service *self, peal_sip_context *context)
{
    PEAL_IMPL(self, via_management, service)->context = context;
    return PEAL_OK;
}

static peal_result on_try(peal_sip_service *self, peal_sip_try *t)
{
    const via_management *v = PEAL_IMPL(self, via_management, service);
    char token[BRANCH_BYTES];
    peal_sip_core_token(peal_sip_context_core(v->context), token, sizeof token);
    const peal_str parts[] = {
        PEAL_STR("SIP/2.0/"),
        peal_sip_transport_text(t->local.transport),
        PEAL_STR(" "),
        t->local.host,
        PEAL_STR(";branch=" PEAL_SIP_BRANCH_COOKIE),
        peal_str_of(token, sizeof token),
        PEAL_STR(";rport"), /* the last: of datagrams only */
    };
    const bool datagrams = t->local.transport == PEAL_SIP_TRANSPORT_UDP;
    return peal_sip_packet_pushv(t->packet, PEAL_SIP_HEADER_VIA, parts,
                                 PEAL_COUNT_OF(parts) - (datagrams ? 0 : 1));
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(via_management, service),
    .size = sizeof service_vt,
    .attached = attached,
    .on_try = on_try,
};
static const peal_if_entry ifs[] = {
    PEAL_IF(peal_sip_service, via_management, service, service_vt), PEAL_IF_END
};
const peal_class peal__sip_via_management_class = {
    .struct_size = sizeof peal__sip_via_management_class,
    .name = "peal.sip.via_management",
    .size = sizeof(via_management),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
};
