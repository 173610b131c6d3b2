/* SPDX-License-Identifier: MIT */
/** @file
 * Connection services: they choose where a request goes and by which way. Attach order: destination
 * selection, server location, Via management, symmetric UDP. Core thread. */
#ifndef PEAL_SIP_CONNECTION_SVC_H
#define PEAL_SIP_CONNECTION_SVC_H

#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Destination selection (S1, mandatory): the next hop is the top Route, else the Request-URI (RFC
 * 3261 §8.1.2), with the strict router's fix-up (§12.2.1.1); the application may force another. */
PEAL_INTERFACE(peal_sip_destination_selection) {
    peal_unk_vt unk;
    peal_result (*force_uri)(peal_sip_destination_selection *self, peal_str uri);
    peal_result (*force_address)(peal_sip_destination_selection *self,
                                 const peal_socket_addr *address, peal_sip_transport transport);
    peal_result (*copy_from)(peal_sip_destination_selection *self,
                             peal_sip_destination_selection *other);
};
/** Its class. */
PEAL_API extern const peal_clsid peal_sip_destination_selection_clsid;
/** Sends all further requests of the context to this URI.
 * @param uri copied; absent: no longer
 * @return PEAL_OK, PEAL_E_SIP_URI, PEAL_E_NO_MEMORY @thread core */
PEAL_INLINE peal_result
peal_sip_destination_selection_force_uri(peal_sip_destination_selection *d, peal_str uri)
{
    return d->vt->force_uri(d, uri);
}
/** Sends all further requests of the context to this address; server location is not asked.
 * @param address copied, with a port; NULL: no longer
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_NOT_BUILT_IN for other transports than UDP @thread core
 */
PEAL_INLINE peal_result
peal_sip_destination_selection_force_address(peal_sip_destination_selection *d,
                                             const peal_socket_addr *address,
                                             peal_sip_transport transport)
{
    return d->vt->force_address(d, address, transport);
}
/** Takes over what was forced on another context: a forked dialog goes where its INVITE went (C11).
 * @return PEAL_OK, PEAL_E_NO_MEMORY @thread core */
PEAL_INLINE peal_result
peal_sip_destination_selection_copy_from(peal_sip_destination_selection *d,
                                         peal_sip_destination_selection *other)
{
    return d->vt->copy_from(d, other);
}

/** Server location (S4): from the target URI to a list of hosts (RFC 3263). Numeric hosts and
 * maddr; a host name gives PEAL_E_NOT_BUILT_IN until a resolver is there, sips: and stream
 * transports until they are; other schemes PEAL_E_SIP_URI_SCHEME. Multicast, broadcast and "any"
 * addresses are refused. */
PEAL_API extern const peal_clsid peal_sip_server_location_clsid;

/** Via management (S6, mandatory): on each try a Via of our own with a new branch; over UDP it asks
 * for rport (RFC 3581). */
PEAL_API extern const peal_clsid peal_sip_via_management_clsid;

/** Symmetric UDP (S7): requests leave by the UDP port that listens at their local address. */
PEAL_API extern const peal_clsid peal_sip_symmetric_udp_clsid;

/** Attaches the four above to a context, in their order: what a user agent over UDP needs.
 * @return PEAL_OK, or what peal_sip_context_attach() said of the first that failed @thread core */
PEAL_API peal_result peal_sip_context_attach_connection_services(peal_sip_context *context);
/** The same for a template. @thread as peal_sip_context_template_add() */
PEAL_API peal_result
peal_sip_context_template_add_connection_services(peal_sip_context_template *kind);

#ifdef __cplusplus
}
#endif
#endif
