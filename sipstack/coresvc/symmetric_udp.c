/* SPDX-License-Identifier: MIT */
/* Symmetric UDP (S7): a request leaves by the UDP port that listens at its local address, so that
 * answers and later requests pass the same hole in a NAT. Core thread. RFC 3581 §3. */
#include "sipstack/coresvc/coresvc_priv.h"

typedef struct symmetric_udp {
    peal_obj obj;
    peal_sip_service service;
    peal_sip_context *context; /* borrowed for life */
} symmetric_udp;

const peal_clsid peal_sip_symmetric_udp_clsid = { "peal.sip.symmetric_udp",
                                                  UINT64_C(0x19ea46dfa8c5d4d0) };

static peal_result attached(peal_sip_service *self, peal_sip_context *context)
{
    PEAL_IMPL(self, symmetric_udp, service)->context = context;
    return PEAL_OK;
}

/* The listener of the local address is asked for anew: an earlier service may have taken it away,
 * or chosen another address. A local address without a listener has nothing to be symmetric with.
 */
static peal_result on_try(peal_sip_service *self, peal_sip_try *t)
{
    const symmetric_udp *s = PEAL_IMPL(self, symmetric_udp, service);
    peal_sip_local local = { .listener = 0 };
    if (t->local.transport != PEAL_SIP_TRANSPORT_UDP || t->local.listener != 0) {
        return PEAL_OK;
    }
    if (peal_sip_core_local_for(peal_sip_context_core(s->context), s->context, &t->host,
                                &local) >= 0 &&
        peal_socket_addr_eq(&local.address, &t->local.address, true)) {
        t->local.listener = local.listener;
    }
    return PEAL_OK;
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(symmetric_udp, service),
    .size = sizeof service_vt,
    .attached = attached,
    .on_try = on_try,
};
static const peal_if_entry ifs[] = {
    PEAL_IF(peal_sip_service, symmetric_udp, service, service_vt), PEAL_IF_END
};
const peal_class peal__sip_symmetric_udp_class = {
    .struct_size = sizeof peal__sip_symmetric_udp_class,
    .name = "peal.sip.symmetric_udp",
    .size = sizeof(symmetric_udp),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
};
