/* SPDX-License-Identifier: MIT */
/* Destination selection (S1): the URI of the next hop, and the strict router's fix-up.
 * Core thread. RFC 3261 §8.1.2, §12.2.1.1, §16.12. */
#include "sipstack/coresvc/coresvc_priv.h"
#include "sipstack/parser/parser_priv.h"

typedef struct selection {
    peal_obj obj;
    peal_sip_destination_selection face;
    peal_sip_service service;
    char *forced; /* URI text, of forced_bytes; NULL: none */
    size_t forced_bytes;
    peal_sip_host host; /* forced; family none: not */
} selection;

const peal_iid peal_sip_destination_selection_iid = { "peal.sip.destination_selection/1",
                                                      UINT64_C(0x83d4febd67fb038a) };
const peal_clsid peal_sip_destination_selection_clsid = { "peal.sip.destination_selection",
                                                          UINT64_C(0x800e5ca984e18f2a) };

static selection *of_face(peal_sip_destination_selection *self)
{
    return PEAL_IMPL(self, selection, face);
}

static selection *of_service(peal_sip_service *self)
{
    return PEAL_IMPL(self, selection, service);
}

/* ---- the application's will ---- */

static peal_result force_uri(peal_sip_destination_selection *self, peal_str uri)
{
    selection *d = of_face(self);
    peal_sip_uri decoded;
    char *copy = NULL;
    if (uri.p) {
        peal_result r = peal_sip_uri_decode(uri, &decoded);
        if (r < 0) {
            return r;
        }
        if (!(copy = peal_strdup(uri))) {
            return PEAL_E_NO_MEMORY;
        }
    }
    peal_free(d->forced);
    d->forced = copy;
    d->forced_bytes = uri.n;
    return PEAL_OK;
}

static peal_result force_address(peal_sip_destination_selection *self,
                                 const peal_socket_addr *address, peal_sip_transport transport)
{
    selection *d = of_face(self);
    if (!address) {
        d->host = (peal_sip_host){ .transport = PEAL_SIP_TRANSPORT_NONE };
        return PEAL_OK;
    }
    if (address->family == PEAL_AF_NONE || address->port == 0 || peal_socket_addr_is_any(address)) {
        return PEAL_E_ARGUMENT;
    }
    if (transport != PEAL_SIP_TRANSPORT_UDP) {
        return PEAL_E_NOT_BUILT_IN;
    }
    d->host = (peal_sip_host){ .address = *address, .transport = transport };
    return PEAL_OK;
}

static peal_result copy_from(peal_sip_destination_selection *self,
                             peal_sip_destination_selection *other)
{
    const selection *from = of_face(other);
    peal_result r = force_uri(self, peal_str_of(from->forced, from->forced_bytes));
    if (r >= 0) {
        of_face(self)->host = from->host;
    }
    return r;
}

/* ---- the way of a request ---- */

static peal_result set_target(peal_sip_try *t, peal_str uri)
{
    peal_result r = peal_sip_uri_decode(uri, &t->target);
    t->has_target = r >= 0;
    return r;
}

/* The next hop: what the application forced; the top Route, be it a loose or a strict router's
 * (§12.2.1.1 makes a strict router's URI the Request-URI, which §8.1.2 then takes: the same hop);
 * else the Request-URI. */
static peal_result select_next_hop(peal_sip_service *self, peal_sip_try *t)
{
    selection *d = of_service(self);
    const peal_sip_address *route = NULL;
    if (d->host.address.family != PEAL_AF_NONE) {
        return peal_sip_try_add_host(t, &d->host);
    }
    if (d->forced) {
        return set_target(t, peal_str_of(d->forced, d->forced_bytes));
    }
    peal_result r = peal_sip_packet_address(t->packet, PEAL_SIP_HEADER_ROUTE, 0, &route);
    if (r >= 0) {
        return set_target(t, route->uri);
    }
    return r == PEAL_E_NOT_FOUND ? set_target(t, peal_sip_packet_request_uri(t->packet)) : r;
}

/* A strict router gets its own URI as Request-URI, and the true one as the last Route (§12.2.1.1).
 */
static peal_result fix_strict_route(peal_sip_packet *packet, const peal_sip_uri *router)
{
    peal_str uri = { NULL, 0 };
    peal_result r = peal__sip_as_request_uri(packet, router, &uri);
    if (r < 0) {
        return r;
    }
    const size_t bytes = uri.n;
    char *copy = peal_sip_packet_alloc(packet, bytes + 1); /* popping the line ends its text */
    if (!copy) {
        return PEAL_E_NO_MEMORY;
    }
    memcpy(copy, uri.p, bytes);
    const peal_str target[] = { PEAL_STR("<"), peal_sip_packet_request_uri(packet), PEAL_STR(">") };
    if ((r = peal_sip_packet_pop(packet, PEAL_SIP_HEADER_ROUTE)) < 0 ||
        (r = peal_sip_packet_addv(packet, PEAL_SIP_HEADER_ROUTE, target, 3)) < 0) {
        return r;
    }
    return peal_sip_packet_set_request_uri(packet, peal_str_of(copy, bytes));
}

static peal_result on_try(peal_sip_service *self, peal_sip_try *t)
{
    const peal_sip_address *route = NULL;
    peal_sip_uri uri;
    (void)self;
    peal_result r = peal_sip_packet_address(t->packet, PEAL_SIP_HEADER_ROUTE, 0, &route);
    if (r < 0) {
        return r == PEAL_E_NOT_FOUND ? PEAL_OK : r;
    }
    if ((r = peal_sip_uri_decode(route->uri, &uri)) < 0) {
        return r;
    }
    return peal_sip_uri_has_param(&uri, PEAL_STR("lr")) ? PEAL_OK
                                                        : fix_strict_route(t->packet, &uri);
}

static void fini(peal_obj *obj)
{
    peal_free(PEAL_CONTAINER_OF(obj, selection, obj)->forced);
}

static const peal_sip_destination_selection_vt face_vt = {
    .unk = PEAL_UNK(selection, face),
    .force_uri = force_uri,
    .force_address = force_address,
    .copy_from = copy_from,
};
static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(selection, service),
    .size = sizeof service_vt,
    .select = select_next_hop,
    .on_try = on_try,
};
static const peal_if_entry ifs[] = {
    PEAL_IF(peal_sip_destination_selection, selection, face, face_vt),
    PEAL_IF(peal_sip_service, selection, service, service_vt), PEAL_IF_END
};
const peal_class peal__sip_destination_selection_class = {
    .struct_size = sizeof peal__sip_destination_selection_class,
    .name = "peal.sip.destination_selection",
    .size = sizeof(selection),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
    .fini = fini,
};
