/* SPDX-License-Identifier: MIT */
/* The connection services' common ground. Everything here is the core thread's. */
#ifndef PEAL_SIP_CORESVC_PRIV_H
#define PEAL_SIP_CORESVC_PRIV_H

#include <peal/sip/connection_svc.h>
#include <peal/sip/service.h>

extern const peal_class peal__sip_destination_selection_class;
extern const peal_class peal__sip_server_location_class;
extern const peal_class peal__sip_via_management_class;
extern const peal_class peal__sip_symmetric_udp_class;

/* Registers the classes of this package; may be called again. @thread any */
peal_result peal__sip_coresvc_register(void);

#endif
