/* SPDX-License-Identifier: MIT */
/* Several early dialogs on one INVITE received: each with a local tag of its own, as if the
 * request had forked behind us (K6). Core thread. RFC 3261 §12.1.1. */
#include "sipstack/useragent/useragent_priv.h"

peal_result peal__sip_tags_add(peal__sip_user_agent *ua, peal_str *ret)
{
    if (!ua->context || !ua->is_server || ua->state == PEAL_SIP_DIALOG_CONFIRMED ||
        ua->state == PEAL_SIP_DIALOG_TERMINATED) {
        return PEAL_E_STATE;
    }
    if (ua->extra_count >= PEAL__EXTRA_TAGS_MAX) {
        return PEAL_E_LIMIT;
    }
    peal_sip_core_config *core = peal_sip_context_core(ua->context);
    peal__sip_extra_tag *extra = peal_pool_alloc(peal_sip_core_pool(core), sizeof *extra);
    if (!extra) {
        return PEAL_E_NO_MEMORY;
    }
    memset(extra, 0, sizeof *extra);
    peal_sip_core_token(core, extra->tag, sizeof extra->tag);
    extra->next = ua->extras;
    ua->extras = extra;
    ua->extra_count++;
    *ret = peal_str_of(extra->tag, sizeof extra->tag);
    return PEAL_OK;
}

peal__sip_extra_tag *peal__sip_tags_find(const peal__sip_user_agent *ua, peal_str tag)
{
    for (peal__sip_extra_tag *e = ua->extras; e; e = e->next) {
        if (peal_str_eq(tag, peal_str_of(e->tag, sizeof e->tag))) {
            return e;
        }
    }
    return NULL;
}

void peal__sip_tags_list(peal__sip_user_agent *ua, peal__sip_extra_tag *extra)
{
    if (extra->matcher.context) {
        return;
    }
    extra->matcher.context = ua->context;
    extra->matcher.call_id = peal__sip_user_agent_text(ua, PEAL__DIALOG_CALL_ID);
    extra->matcher.local_tag = peal_str_of(extra->tag, sizeof extra->tag);
    extra->matcher.remote_tag = peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_TAG);
    peal_sip_dialog_matcher_add(peal_sip_core_config_matchers(peal_sip_context_core(ua->context)),
                                &extra->matcher);
}

void peal__sip_tags_drop(peal__sip_user_agent *ua, peal__sip_extra_tag *extra)
{
    for (peal__sip_extra_tag **at = &ua->extras; *at; at = &(*at)->next) {
        if (*at == extra) {
            *at = extra->next;
            ua->extra_count--;
            if (extra->matcher.context) {
                peal_sip_dialog_matcher_remove(&extra->matcher);
            }
            peal_pool_free(extra);
            return;
        }
    }
}

void peal__sip_tags_drop_all(peal__sip_user_agent *ua)
{
    while (ua->extras) {
        peal__sip_tags_drop(ua, ua->extras);
    }
}
