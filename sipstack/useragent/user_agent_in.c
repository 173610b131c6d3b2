/* SPDX-License-Identifier: MIT */
/* What the user agent service learns from requests and responses on their way in: dialogs begin,
 * their targets change, their numbers are checked. Core thread. RFC 3261 §12.1, §12.2.1.2,
 * §12.2.2. */
#include "sipstack/core/core_priv.h"
#include "sipstack/parser/parser_priv.h"
#include "sipstack/useragent/user_agent_inner.h"

bool peal__sip_user_agent_refreshes(peal_sip_method method)
{
    return method == PEAL_SIP_METHOD_INVITE || method == PEAL_SIP_METHOD_UPDATE ||
           method == PEAL_SIP_METHOD_SUBSCRIBE || method == PEAL_SIP_METHOD_NOTIFY ||
           method == PEAL_SIP_METHOD_REFER;
}

/* The peer's Contact, when it has one that requests can be sent to. */
static peal_result contact_of(peal_sip_packet *packet, peal_str *ret)
{
    const peal_sip_address *contact = NULL;
    peal_sip_uri uri;
    peal_result r = peal_sip_packet_address(packet, PEAL_SIP_HEADER_CONTACT, 0, &contact);
    if (r < 0) {
        return r;
    }
    if ((r = peal_sip_uri_decode(contact->uri, &uri)) < 0) {
        return r;
    }
    return peal__sip_as_request_uri(packet, &uri, ret);
}

peal_result peal__sip_user_agent_refresh_target(peal__sip_user_agent *ua, peal_sip_packet *packet)
{
    peal__sip_dialog_change change;
    peal_str target = { NULL, 0 };
    if (!peal__sip_user_agent_refreshes(peal_sip_packet_method(packet)) ||
        contact_of(packet, &target) < 0) {
        return PEAL_OK; /* the old one stays */
    }
    memset(&change, 0, sizeof change);
    peal__sip_dialog_put(&change, PEAL__DIALOG_TARGET, target);
    return peal__sip_user_agent_change(ua, &change);
}

/* ---- responses to our INVITE ---- */

/* §12.1.2: tag, target and route set are the response's; also when a 2xx confirms an early dialog
 * (§13.2.2.4: for the sake of RFC 2543 the route set is taken from the 2xx). */
static peal_result take_dialog(peal__sip_user_agent *ua, peal_sip_packet *response, peal_str tag)
{
    peal__sip_dialog_change change;
    peal_str target = { NULL, 0 }, routes = { NULL, 0 };
    char *block = NULL;
    peal_pool *pool = peal_sip_core_pool(peal_sip_context_core(ua->context));
    memset(&change, 0, sizeof change);
    peal_result r = peal__sip_dialog_routes(pool, response, true, &block, &routes);
    if (r == PEAL_E_NO_MEMORY) {
        return r;
    }
    /* A broken Record-Route names no proxies: the answer must be acknowledged all the same, else
     * the callee is up alone until it gives up. */
    peal__sip_dialog_put(&change, PEAL__DIALOG_REMOTE_TAG, tag);
    peal__sip_dialog_put(&change, PEAL__DIALOG_ROUTES, routes);
    if (contact_of(response, &target) >= 0) {
        peal__sip_dialog_put(&change, PEAL__DIALOG_TARGET, target);
    }
    r = peal__sip_user_agent_change(ua, &change);
    peal_pool_free(block);
    return r;
}

static peal_result on_invite_response(peal__sip_user_agent *ua, peal_sip_packet *response)
{
    const unsigned status = peal_sip_packet_status(response);
    const peal_sip_address *to = NULL;
    peal_result r = peal_sip_packet_to(response, &to);
    if (r < 0) {
        return r;
    }
    if (status >= 300) {
        if (ua->state == PEAL_SIP_DIALOG_EARLY) { /* §12.3 */
            peal__sip_user_agent_unlist(ua);
            ua->state = PEAL_SIP_DIALOG_NONE;
        }
        return PEAL_OK;
    }
    if (status < 200 && (to->tag.n == 0 || ua->state != PEAL_SIP_DIALOG_NONE)) {
        return PEAL_OK;
    }
    if ((r = take_dialog(ua, response, to->tag)) < 0) {
        return r;
    }
    ua->state = status < 200 ? PEAL_SIP_DIALOG_EARLY : PEAL_SIP_DIALOG_CONFIRMED;
    peal__sip_user_agent_list(ua);
    return PEAL_OK;
}

peal_result peal__sip_user_agent_on_incoming_response(peal_sip_service *self,
                                                      peal_sip_client_request *request,
                                                      peal_sip_packet *response)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    const unsigned status = peal_sip_packet_status(response);
    const peal_sip_method method = peal_sip_client_request_method(request);
    if (!ua->context || status <= 100) {
        return PEAL_OK;
    }
    const bool is_new = ua->state == PEAL_SIP_DIALOG_NONE || ua->state == PEAL_SIP_DIALOG_EARLY;
    if (method == PEAL_SIP_METHOD_INVITE && is_new) {
        return peal__sip_user_agent_is_mine(ua, response) || status >= 300
                   ? on_invite_response(ua, response)
                   : PEAL_OK;
    }
    if (ua->state == PEAL_SIP_DIALOG_CONFIRMED && status >= 200 && status < 300 &&
        peal__sip_user_agent_is_mine(ua, response)) {
        return peal__sip_user_agent_refresh_target(ua, response);
    }
    return PEAL_OK;
}

/* ---- requests ---- */

static peal_sip_verdict refuse(peal_sip_server_event_control *control, unsigned status)
{
    (void)peal_sip_server_event_control_respond(control, status, peal_str_of(NULL, 0));
    return PEAL_SIP_REFUSED;
}

static void put_peer(peal__sip_dialog_change *change, const peal_sip_address *from,
                     const peal_sip_address *to)
{
    peal__sip_dialog_put(change, PEAL__DIALOG_REMOTE_TAG, from->tag);
    peal__sip_dialog_put(change, PEAL__DIALOG_REMOTE_DISPLAY, from->display);
    peal__sip_dialog_put(change, PEAL__DIALOG_REMOTE_URI, from->uri);
    peal__sip_dialog_put(change, PEAL__DIALOG_LOCAL_DISPLAY, to->display);
    peal__sip_dialog_put(change, PEAL__DIALOG_LOCAL_URI, to->uri);
}

/* §12.1.1: what a dialog would be made of, should the request be answered so. An RFC 2543 peer may
 * leave Contact out: then requests go to its From. */
static peal_result meet(peal__sip_user_agent *ua, peal_sip_packet *request,
                        const peal_sip_address *to)
{
    char tag[PEAL__TAG_BYTES];
    peal__sip_dialog_change change;
    peal_str routes = { NULL, 0 }, target;
    char *block = NULL;
    const peal_sip_address *from = NULL;
    peal_sip_core_config *core = peal_sip_context_core(ua->context);
    memset(&change, 0, sizeof change);
    peal_result r = peal_sip_packet_from(request, &from);
    if (r < 0) {
        return r;
    }
    target = from->uri;
    r = contact_of(request, &target);
    if (r < 0 && r != PEAL_E_NOT_FOUND) {
        return r;
    }
    r = peal__sip_dialog_routes(peal_sip_core_pool(core), request, false, &block, &routes);
    if (r < 0) {
        return r;
    }
    peal_sip_core_token(core, tag, sizeof tag);
    put_peer(&change, from, to);
    peal__sip_dialog_put(&change, PEAL__DIALOG_CALL_ID, peal_sip_packet_call_id(request));
    peal__sip_dialog_put(&change, PEAL__DIALOG_LOCAL_TAG, peal_str_of(tag, sizeof tag));
    peal__sip_dialog_put(&change, PEAL__DIALOG_TARGET, target);
    peal__sip_dialog_put(&change, PEAL__DIALOG_ROUTES, routes);
    r = peal__sip_user_agent_change(ua, &change);
    peal_pool_free(block);
    return r;
}

static peal_sip_verdict begin(peal__sip_user_agent *ua, peal_sip_packet *request,
                              const peal_sip_address *to, uint32_t number,
                              peal_sip_server_event_control *control)
{
    if (ua->state != PEAL_SIP_DIALOG_NONE || ua->listed) {
        return refuse(control, 500); /* the application gave it to a context that has a dialog */
    }
    peal_result r = meet(ua, request, to);
    if (r < 0) {
        return refuse(control, r == PEAL_E_NO_MEMORY ? 503 : 400);
    }
    ua->is_server = true;
    ua->remote_cseq = number;
    ua->has_remote_cseq = true;
    return PEAL_SIP_CONTINUE;
}

static bool is_our_tag(const peal__sip_user_agent *ua, peal_str tag)
{
    return peal_str_eq(tag, peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_TAG)) ||
           peal__sip_tags_find(ua, tag) != NULL;
}

/* §8.2.2.3: what requires an option that nobody here understands is not done. */
static peal_sip_verdict refuse_options(peal_sip_server_event_control *control, peal_str lacking)
{
    peal_sip_packet *response = NULL;
    peal_result r =
        peal_sip_server_event_control_new_response(control, 420, peal_str_of(NULL, 0), &response);
    if (r >= 0 && lacking.n) {
        r = peal_sip_packet_add(response, PEAL_SIP_HEADER_UNSUPPORTED, lacking);
    }
    if (r < 0) {
        peal_sip_packet_unref(response);
        return refuse(control, 500);
    }
    (void)peal_sip_server_event_control_send_response(control, response);
    return PEAL_SIP_REFUSED;
}

static peal_sip_verdict check_options(const peal__sip_user_agent *ua, peal_sip_packet *request,
                                      peal_sip_server_event_control *control)
{
    peal__sip_options lacking;
    const peal_str supported =
        peal_sip_core_settings(peal_sip_context_core(ua->context))->supported;
    const unsigned status = supported.p ? peal__sip_check_require(request, supported, &lacking) : 0;
    if (status == 420) {
        return refuse_options(control, peal_str_of(lacking.text, lacking.n));
    }
    return status ? refuse(control, status) : PEAL_SIP_CONTINUE;
}

static bool has_dialog(const peal__sip_user_agent *ua)
{
    return ua->state == PEAL_SIP_DIALOG_EARLY || ua->state == PEAL_SIP_DIALOG_CONFIRMED;
}

/* §12.2.2. Early dialogs of one INVITE each count for themselves, so their numbers are not
 * compared. */
static peal_sip_verdict continue_dialog(peal__sip_user_agent *ua, peal_sip_packet *request,
                                        uint32_t number, peal_sip_server_event_control *control)
{
    if (ua->has_remote_cseq && number < ua->remote_cseq && !ua->extras) {
        return refuse(control, 500);
    }
    if (!ua->has_remote_cseq || number > ua->remote_cseq) {
        ua->remote_cseq = number; /* gaps are allowed */
        ua->has_remote_cseq = true;
    }
    return check_options(ua, request, control);
}

peal_sip_verdict peal__sip_user_agent_on_incoming_request(peal_sip_service *self,
                                                          peal_sip_packet *request,
                                                          peal_sip_server_event_control *control)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    const peal_sip_address *to = NULL;
    const peal_sip_cseq *cseq = NULL;
    if (!ua->context || peal_sip_packet_to(request, &to) < 0 ||
        peal_sip_packet_cseq(request, &cseq) < 0) {
        return control ? refuse(control, 400) : PEAL_SIP_CONSUMED;
    }
    const bool known = has_dialog(ua) && is_our_tag(ua, to->tag);
    if (!control) { /* an ACK outside of our dialog is nobody's */
        return known ? PEAL_SIP_CONTINUE : PEAL_SIP_CONSUMED;
    }
    if (to->tag.n == 0) {
        return begin(ua, request, to, cseq->number, control);
    }
    return known ? continue_dialog(ua, request, cseq->number, control) : refuse(control, 481);
}
