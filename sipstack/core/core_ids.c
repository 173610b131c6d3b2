/* SPDX-License-Identifier: MIT */
/* The identities of the core's interfaces. Each hash is FNV-1a of the name. Any thread. */
#include <peal/sip/dialog_matcher.h>
#include <peal/sip/service.h>

const peal_iid peal_sip_core_config_iid =
    { "peal.sip.core_config/1", UINT64_C(0xce171568874d861d) };
const peal_iid peal_sip_context_iid = { "peal.sip.context/1", UINT64_C(0x3e45f00665726164) };
const peal_iid peal_sip_context_template_iid =
    { "peal.sip.context_template/1", UINT64_C(0x93d243903c68bd9f) };
const peal_iid peal_sip_client_request_iid =
    { "peal.sip.client_request/1", UINT64_C(0xa6d5edb3e167239c) };
const peal_iid peal_sip_client_event_control_iid =
    { "peal.sip.client_event_control/1", UINT64_C(0x5e86029b18d49aff) };
const peal_iid peal_sip_server_event_control_iid =
    { "peal.sip.server_event_control/1", UINT64_C(0xd1cb7a41545b2db3) };
const peal_iid peal_sip_service_iid = { "peal.sip.service/1", UINT64_C(0x574f9b18428581dc) };
