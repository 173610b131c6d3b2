/* SPDX-License-Identifier: MIT */
/* Server location (S4): from the next hop's URI to hosts, by RFC 3263 as far as numbers go: numeric
 * hosts, maddr, ports and transports. A name needs a resolver and is refused as not built in.
 * Core thread. RFC 3263 §4.1, §4.2; RFC 3261 §18.1.1, §19.1.2. */
#include "sipstack/coresvc/coresvc_priv.h"

typedef struct location {
    peal_obj obj;
    peal_sip_service service;
} location;

const peal_clsid peal_sip_server_location_clsid = { "peal.sip.server_location",
                                                    UINT64_C(0x3b169cf77b4ee684) };

enum { PORT_SIP = 5060, PORT_SIPS = 5061 };

/* §4.1: a transport parameter decides; a numeric host without one is UDP for sip, TLS for sips. Of
 * streams none is built in yet, so each of them is refused by name. */
static peal_result transport_of(const peal_sip_uri *uri, peal_sip_transport *ret)
{
    peal_str name;
    peal_sip_transport transport = PEAL_SIP_TRANSPORT_UDP;
    if (uri->scheme != PEAL_SIP_SCHEME_SIP && uri->scheme != PEAL_SIP_SCHEME_SIPS) {
        return PEAL_E_SIP_URI_SCHEME;
    }
    if (peal_sip_uri_param(uri, PEAL_STR("transport"), &name) >= 0) {
        transport = peal_sip_transport_of(name);
    }
    if (uri->scheme == PEAL_SIP_SCHEME_SIPS) {
        transport = PEAL_SIP_TRANSPORT_TLS;
    }
    if (transport == PEAL_SIP_TRANSPORT_OTHER || transport == PEAL_SIP_TRANSPORT_NONE) {
        return PEAL_E_SIP_NO_TRANSPORT;
    }
    if (transport != PEAL_SIP_TRANSPORT_UDP) {
        return PEAL_E_NOT_BUILT_IN;
    }
    *ret = transport;
    return PEAL_OK;
}

static peal_result host_of(const peal_sip_uri *uri, peal_sip_host *ret)
{
    peal_str name = uri->host, maddr;
    peal_result r = transport_of(uri, &ret->transport);
    if (r < 0) {
        return r;
    }
    const uint16_t usual = ret->transport == PEAL_SIP_TRANSPORT_TLS ? PORT_SIPS : PORT_SIP;
    if (peal_sip_uri_param(uri, PEAL_STR("maddr"), &maddr) >= 0 && maddr.n) {
        name = maddr; /* RFC 3263 §4: TARGET is maddr when it is there */
    }
    if (peal_socket_addr_parse(name, uri->port ? uri->port : usual, &ret->address) < 0) {
        return PEAL_E_NOT_BUILT_IN;
    }
    /* A peer must not make us spray a network, or ourselves (RFC 4475 §3.3.10). */
    return peal_socket_addr_is_multicast(&ret->address) || peal_socket_addr_is_any(&ret->address)
               ? PEAL_E_SIP_NO_TARGET
               : PEAL_OK;
}

static peal_result select_hosts(peal_sip_service *self, peal_sip_try *t)
{
    peal_sip_host host = { .transport = PEAL_SIP_TRANSPORT_NONE };
    (void)self;
    if (!t->has_target) {
        return PEAL_OK; /* an address was forced */
    }
    peal_result r = host_of(&t->target, &host);
    return r < 0 ? r : peal_sip_try_add_host(t, &host);
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(location, service),
    .size = sizeof service_vt,
    .select = select_hosts,
};
static const peal_if_entry ifs[] = { PEAL_IF(peal_sip_service, location, service, service_vt),
                                     PEAL_IF_END };
const peal_class peal__sip_server_location_class = {
    .struct_size = sizeof peal__sip_server_location_class,
    .name = "peal.sip.server_location",
    .size = sizeof(location),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
};
