/* SPDX-License-Identifier: MIT */
/* What the files of the user agent service share: its hooks in the chain of services. */
#ifndef PEAL_SIP_USER_AGENT_INNER_H
#define PEAL_SIP_USER_AGENT_INNER_H

#include "sipstack/useragent/useragent_priv.h"

static inline peal__sip_user_agent *peal__sip_user_agent_of_service(peal_sip_service *self)
{
    return PEAL_IMPL(self, peal__sip_user_agent, service);
}

/* user_agent_out.c */
peal_result peal__sip_user_agent_on_outgoing_request(peal_sip_service *self,
                                                     peal_sip_packet *request,
                                                     peal_sip_client_request *handle);
peal_result peal__sip_user_agent_on_outgoing_response(peal_sip_service *self,
                                                      peal_sip_packet *response,
                                                      peal_sip_server_event_control *control);
peal_result peal__sip_user_agent_on_local_address(peal_sip_service *self, peal_sip_packet *packet,
                                                  const peal_sip_local *local);
/* user_agent_in.c */
peal_result peal__sip_user_agent_on_incoming_response(peal_sip_service *self,
                                                      peal_sip_client_request *request,
                                                      peal_sip_packet *response);
peal_sip_verdict peal__sip_user_agent_on_incoming_request(peal_sip_service *self,
                                                          peal_sip_packet *request,
                                                          peal_sip_server_event_control *control);
/* The remote target follows the Contact of a target refresh (§12.2.1.2, §12.2.2). */
peal_result peal__sip_user_agent_refresh_target(peal__sip_user_agent *ua, peal_sip_packet *packet);
bool peal__sip_user_agent_refreshes(peal_sip_method method);

#endif
