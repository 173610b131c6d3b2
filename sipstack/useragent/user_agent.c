/* SPDX-License-Identifier: MIT */
/* User agent service (U1): the object, its interface, and the texts of its dialog. What it does to
 * requests and responses is in user_agent_out.c and user_agent_in.c. Core thread. RFC 3261 §12. */
#include "sipstack/useragent/user_agent_inner.h"

const peal_iid peal_sip_user_agent_iid = { "peal.sip.user_agent/1", UINT64_C(0xd69ba683a467fb3c) };
const peal_clsid peal_sip_user_agent_clsid = { "peal.sip.user_agent",
                                               UINT64_C(0xca410b0f4be31228) };

enum { CALL_ID_BYTES = 24 };

static peal__sip_user_agent *of_face(peal_sip_user_agent *self)
{
    return PEAL_IMPL(self, peal__sip_user_agent, face);
}

static const peal_sip_user_agent_vt face_vt;

peal_result peal__sip_user_agent_of(peal_sip_context *context, peal__sip_user_agent **ret)
{
    peal_sip_user_agent *face = NULL;
    if (peal_sip_user_agent_query(&context->unk, &face) < 0) {
        return PEAL_E_SIP_SERVICE_MISSING;
    }
    peal_sip_user_agent_unref(face); /* it lives as long as the context */
    if (face->vt != &face_vt) {
        return PEAL_E_SIP_SERVICE_MISSING; /* somebody else's class */
    }
    *ret = of_face(face);
    return PEAL_OK;
}

/* ---- texts and matcher ---- */

peal_str peal__sip_user_agent_text(const peal__sip_user_agent *ua, peal__sip_dialog_text which)
{
    return peal__sip_dialog_get(ua->texts, which);
}

static void list_matcher(peal__sip_user_agent *ua)
{
    ua->matcher.context = ua->context;
    ua->matcher.call_id = peal__sip_user_agent_text(ua, PEAL__DIALOG_CALL_ID);
    ua->matcher.local_tag = peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_TAG);
    ua->matcher.remote_tag = peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_TAG);
    peal_sip_dialog_matcher_add(peal_sip_core_config_matchers(peal_sip_context_core(ua->context)),
                                &ua->matcher);
}

void peal__sip_user_agent_list(peal__sip_user_agent *ua)
{
    if (!ua->listed) {
        ua->listed = true;
        list_matcher(ua);
    }
}

void peal__sip_user_agent_unlist(peal__sip_user_agent *ua)
{
    if (ua->listed) {
        ua->listed = false;
        peal_sip_dialog_matcher_remove(&ua->matcher);
    }
}

/* The matchers view the texts: they leave the list while those are exchanged. */
static void exchange(peal__sip_user_agent *ua, peal__sip_dialog *fresh)
{
    for (peal__sip_extra_tag *e = ua->extras; e; e = e->next) {
        if (e->matcher.context) {
            peal_sip_dialog_matcher_remove(&e->matcher);
        }
    }
    if (ua->listed) {
        peal_sip_dialog_matcher_remove(&ua->matcher);
    }
    peal_pool_free(ua->texts);
    ua->texts = fresh;
    if (ua->listed) {
        list_matcher(ua);
    }
    for (peal__sip_extra_tag *e = ua->extras; e; e = e->next) {
        if (e->matcher.context) {
            e->matcher.context = NULL;
            peal__sip_tags_list(ua, e);
        }
    }
}

peal_result peal__sip_user_agent_change(peal__sip_user_agent *ua,
                                        const peal__sip_dialog_change *change)
{
    peal__sip_dialog *fresh = NULL;
    peal_pool *pool = peal_sip_core_pool(peal_sip_context_core(ua->context));
    peal_result r = peal__sip_dialog_changed(pool, ua->texts, change, &fresh);
    if (r >= 0 && fresh != ua->texts) {
        exchange(ua, fresh);
    }
    return r;
}

peal_result peal__sip_user_agent_identify(peal__sip_user_agent *ua)
{
    char call_id[CALL_ID_BYTES], tag[PEAL__TAG_BYTES];
    peal__sip_dialog_change change;
    peal_sip_core_config *core = peal_sip_context_core(ua->context);
    const bool has_call_id = peal__sip_user_agent_text(ua, PEAL__DIALOG_CALL_ID).n > 0;
    const bool has_tag = peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_TAG).n > 0;
    if (has_call_id && has_tag) {
        return PEAL_OK;
    }
    memset(&change, 0, sizeof change);
    if (!has_call_id) {
        peal_sip_core_token(core, call_id, sizeof call_id);
        peal__sip_dialog_put(&change, PEAL__DIALOG_CALL_ID, peal_str_of(call_id, sizeof call_id));
    }
    if (!has_tag) {
        peal_sip_core_token(core, tag, sizeof tag);
        peal__sip_dialog_put(&change, PEAL__DIALOG_LOCAL_TAG, peal_str_of(tag, sizeof tag));
    }
    return peal__sip_user_agent_change(ua, &change);
}

peal_result peal__sip_user_agent_new_request(peal__sip_user_agent *ua, peal_sip_method method,
                                             peal_str method_text, peal_sip_packet **ret)
{
    const peal_str target = peal__sip_user_agent_text(ua, PEAL__DIALOG_TARGET);
    if (!ua->context) {
        return PEAL_E_SIP_CLEARED;
    }
    if (target.n == 0) {
        return PEAL_E_SIP_NO_TARGET;
    }
    return peal_sip_packet_new_request(peal_sip_core_pool(peal_sip_context_core(ua->context)),
                                       method, method_text, target, ret);
}

/* ---- other dialogs of the same user agent ---- */

bool peal__sip_user_agent_is_mine(const peal__sip_user_agent *ua, peal_sip_packet *response)
{
    const peal_sip_address *to = NULL;
    const peal_str mine = peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_TAG);
    if (ua->state == PEAL_SIP_DIALOG_NONE || peal_sip_packet_to(response, &to) < 0) {
        return true;
    }
    /* RFC 2543 peers may leave the tag out of some responses. */
    return to->tag.n == 0 || mine.n == 0 || peal_str_eq(to->tag, mine);
}

peal_result peal__sip_user_agent_fork(const peal__sip_user_agent *ua, peal__sip_user_agent *fresh)
{
    peal__sip_dialog_change change;
    memset(&change, 0, sizeof change);
    if (!fresh->context || fresh->state != PEAL_SIP_DIALOG_NONE || fresh->listed) {
        return PEAL_E_STATE;
    }
    for (unsigned i = 0; i < PEAL__DIALOG_TEXTS; i++) {
        const peal__sip_dialog_text which = (peal__sip_dialog_text)i;
        peal__sip_dialog_put(&change, which, peal__sip_user_agent_text(ua, which));
    }
    change.text[PEAL__DIALOG_REMOTE_TAG] = peal_str_of(NULL, 0);
    peal_result r = peal__sip_user_agent_change(fresh, &change);
    if (r >= 0) {
        fresh->local_cseq = ua->local_cseq;
        fresh->max_forwards = ua->max_forwards;
    }
    return r;
}

void peal__sip_user_agent_hand_over(peal__sip_user_agent *ua, peal__sip_user_agent *fresh)
{
    peal__sip_tags_drop_all(ua);
    peal__sip_user_agent_unlist(ua);
    fresh->texts = ua->texts;
    fresh->local_cseq = ua->local_cseq;
    fresh->remote_cseq = ua->remote_cseq;
    fresh->has_remote_cseq = ua->has_remote_cseq;
    fresh->max_forwards = ua->max_forwards;
    fresh->is_server = ua->is_server;
    fresh->state = ua->state;
    ua->texts = NULL;
    ua->state = PEAL_SIP_DIALOG_TERMINATED;
    peal__sip_user_agent_list(fresh);
}

/* ---- the interface ---- */

static peal_result configure(peal_sip_user_agent *self, const peal_sip_user_agent_params *params)
{
    return peal__sip_user_agent_configure(of_face(self), params);
}

static peal_sip_dialog_state state(peal_sip_user_agent *self)
{
    return (peal_sip_dialog_state)of_face(self)->state;
}

static peal_str call_id(peal_sip_user_agent *self)
{
    return peal__sip_user_agent_text(of_face(self), PEAL__DIALOG_CALL_ID);
}

static peal_str local_tag(peal_sip_user_agent *self)
{
    return peal__sip_user_agent_text(of_face(self), PEAL__DIALOG_LOCAL_TAG);
}

static peal_str remote_tag(peal_sip_user_agent *self)
{
    return peal__sip_user_agent_text(of_face(self), PEAL__DIALOG_REMOTE_TAG);
}

static peal_str remote_target(peal_sip_user_agent *self)
{
    return peal__sip_user_agent_text(of_face(self), PEAL__DIALOG_TARGET);
}

static peal_result add_local_tag(peal_sip_user_agent *self, peal_str *ret)
{
    return peal__sip_tags_add(of_face(self), ret);
}

static peal_result add_usage(peal_sip_user_agent *self)
{
    peal__sip_user_agent *ua = of_face(self);
    if (!ua->context) {
        return PEAL_E_SIP_CLEARED;
    }
    if (ua->state == PEAL_SIP_DIALOG_TERMINATED) {
        return PEAL_E_STATE;
    }
    if (ua->usages == UINT16_MAX) {
        return PEAL_E_LIMIT;
    }
    ua->usages++;
    return PEAL_OK;
}

static void remove_usage(peal_sip_user_agent *self)
{
    peal__sip_user_agent *ua = of_face(self);
    if (ua->usages && --ua->usages == 0) {
        ua->state = PEAL_SIP_DIALOG_TERMINATED;
        peal__sip_tags_drop_all(ua);
        peal__sip_user_agent_unlist(ua);
    }
}

static peal_sip_context *context_of(peal_sip_user_agent *self)
{
    return of_face(self)->matcher.context; /* stays after clear */
}

static const peal_sip_user_agent_vt face_vt = {
    .unk = PEAL_UNK(peal__sip_user_agent, face),
    .configure = configure,
    .state = state,
    .call_id = call_id,
    .local_tag = local_tag,
    .remote_tag = remote_tag,
    .remote_target = remote_target,
    .add_local_tag = add_local_tag,
    .add_usage = add_usage,
    .remove_usage = remove_usage,
    .context = context_of,
};

/* ---- the service ---- */

static peal_result attached(peal_sip_service *self, peal_sip_context *context)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    ua->context = context;
    ua->matcher.context = context;
    return PEAL_OK;
}

static void clear(peal_sip_service *self)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    peal__sip_tags_drop_all(ua);
    peal__sip_user_agent_unlist(ua);
    ua->state = PEAL_SIP_DIALOG_TERMINATED;
    ua->context = NULL;
    peal_pool_free(ua->texts);
    ua->texts = NULL;
}

static void fini(peal_obj *obj)
{
    peal_pool_free(PEAL_CONTAINER_OF(obj, peal__sip_user_agent, obj)->texts);
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(peal__sip_user_agent, service),
    .size = sizeof service_vt,
    .attached = attached,
    .clear = clear,
    .on_outgoing_request = peal__sip_user_agent_on_outgoing_request,
    .on_local_address = peal__sip_user_agent_on_local_address,
    .on_incoming_response = peal__sip_user_agent_on_incoming_response,
    .on_incoming_request = peal__sip_user_agent_on_incoming_request,
    .on_outgoing_response = peal__sip_user_agent_on_outgoing_response,
};
static const peal_if_entry ifs[] = {
    PEAL_IF(peal_sip_user_agent, peal__sip_user_agent, face, face_vt),
    PEAL_IF(peal_sip_service, peal__sip_user_agent, service, service_vt), PEAL_IF_END
};
const peal_class peal__sip_user_agent_class = {
    .struct_size = sizeof peal__sip_user_agent_class,
    .name = "peal.sip.user_agent",
    .size = sizeof(peal__sip_user_agent),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
    .fini = fini,
};
