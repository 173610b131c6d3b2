/* SPDX-License-Identifier: MIT */
/** @file
 * The stack's umbrella: all its public headers. */
#ifndef PEAL_SIP_SIP_H
#define PEAL_SIP_SIP_H

#include <peal/sip/body.h>
#include <peal/sip/connection_svc.h>
#include <peal/sip/context.h>
#include <peal/sip/core_config.h>
#include <peal/sip/dialog_matcher.h>
#include <peal/sip/encoded_word.h>
#include <peal/sip/events.h>
#include <peal/sip/generic_svc.h>
#include <peal/sip/header.h>
#include <peal/sip/header_access.h>
#include <peal/sip/header_auth.h>
#include <peal/sip/header_date.h>
#include <peal/sip/header_event.h>
#include <peal/sip/header_identity.h>
#include <peal/sip/header_session.h>
#include <peal/sip/keys.h>
#include <peal/sip/multipart.h>
#include <peal/sip/packet.h>
#include <peal/sip/service.h>
#include <peal/sip/session_svc.h>
#include <peal/sip/stream.h>
#include <peal/sip/uri.h>
#include <peal/sip/user_agent_svc.h>
#include <peal/sip/version.h>

#endif
