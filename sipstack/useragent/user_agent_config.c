/* SPDX-License-Identifier: MIT */
/* How a user agent presents itself: its settings checked and kept. Core thread.
 * RFC 3261 §8.1.1, §20.10, §20.20. */
#include "sipstack/useragent/useragent_priv.h"

static bool is_text(peal_str text, const char *forbidden)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f ||
            strchr(forbidden, text.p[i])) {
            return false;
        }
    }
    return true;
}

/* A name: display and URI are kept, a tag and other header parameters are not. */
static peal_result put_name(peal__sip_dialog_change *change, peal_str text, unsigned display,
                            unsigned uri)
{
    peal_sip_address name;
    peal_sip_uri decoded;
    peal_result r;
    if (!text.p) {
        return PEAL_OK;
    }
    if ((r = peal_sip_address_decode(text, &name)) < 0 ||
        (r = peal_sip_uri_decode(name.uri, &decoded)) < 0) {
        return r;
    }
    peal__sip_dialog_put(change, (peal__sip_dialog_text)display, name.display);
    peal__sip_dialog_put(change, (peal__sip_dialog_text)uri, name.uri);
    return PEAL_OK;
}

static peal_result put_target(peal__sip_dialog_change *change, peal_str uri)
{
    peal_sip_uri decoded;
    if (uri.p) {
        peal_result r = peal_sip_uri_decode(uri, &decoded);
        if (r < 0) {
            return r;
        }
        peal__sip_dialog_put(change, PEAL__DIALOG_TARGET, uri);
    }
    return PEAL_OK;
}

static peal_result put_routes(peal__sip_dialog_change *change, peal_str routes)
{
    peal_str cursor = routes, value;
    peal_sip_address route;
    peal_sip_uri uri;
    peal_result r;
    if (!routes.p) {
        return PEAL_OK;
    }
    while (routes.n && (r = peal_sip_list_next(&cursor, &value)) != PEAL_I_END) {
        if (r < 0 || (r = peal_sip_address_decode(value, &route)) < 0 ||
            (r = peal_sip_uri_decode(route.uri, &uri)) < 0) {
            return r;
        }
    }
    peal__sip_dialog_put(change, PEAL__DIALOG_ROUTES, routes);
    return PEAL_OK;
}

static peal_result put_contact(peal__sip_dialog_change *change,
                               const peal_sip_user_agent_params *params)
{
    if (!is_text(params->contact_user, "<>@\"?") || !is_text(params->contact_params, "<>\"?")) {
        return PEAL_E_SIP_URI;
    }
    if (params->contact_params.n && params->contact_params.p[0] != ';') {
        return PEAL_E_SIP_URI;
    }
    if (params->contact_user.p) {
        peal__sip_dialog_put(change, PEAL__DIALOG_CONTACT_USER, params->contact_user);
    }
    if (params->contact_params.p) {
        peal__sip_dialog_put(change, PEAL__DIALOG_CONTACT_PARAMS, params->contact_params);
    }
    return PEAL_OK;
}

static peal_result put_identity(peal__sip_dialog_change *change,
                                const peal_sip_user_agent_params *params)
{
    peal_result r;
    if (!is_text(params->call_id, ",;")) {
        return PEAL_E_SIP_HEADER;
    }
    if ((r = put_name(change, params->local, PEAL__DIALOG_LOCAL_DISPLAY,
                      PEAL__DIALOG_LOCAL_URI)) < 0 ||
        (r = put_name(change, params->remote, PEAL__DIALOG_REMOTE_DISPLAY,
                      PEAL__DIALOG_REMOTE_URI)) < 0 ||
        (r = put_target(change, params->target)) < 0 ||
        (r = put_routes(change, params->routes)) < 0) {
        return r;
    }
    if (params->call_id.n) {
        peal__sip_dialog_put(change, PEAL__DIALOG_CALL_ID, params->call_id);
    }
    return PEAL_OK;
}

peal_result peal__sip_user_agent_configure(peal__sip_user_agent *ua,
                                           const peal_sip_user_agent_params *params)
{
    peal__sip_dialog_change change;
    memset(&change, 0, sizeof change);
    if (!params || params->size < sizeof *params) {
        return PEAL_E_ARGUMENT;
    }
    if (!ua->context) {
        return PEAL_E_SIP_CLEARED;
    }
    const bool has_identity = params->local.p || params->remote.p || params->target.p ||
                              params->routes.p || params->call_id.p;
    if (has_identity && ua->state != PEAL_SIP_DIALOG_NONE) {
        return PEAL_E_STATE;
    }
    if (params->max_forwards > 255) {
        return PEAL_E_RANGE;
    }
    peal_result r = put_identity(&change, params);
    if (r < 0 || (r = put_contact(&change, params)) < 0 ||
        (r = peal__sip_user_agent_change(ua, &change)) < 0) {
        return r;
    }
    if (params->max_forwards) {
        ua->max_forwards = params->max_forwards;
    }
    return PEAL_OK;
}
