/* SPDX-License-Identifier: MIT */
/* What the user agent service adds to requests and responses on their way out. Core thread.
 * RFC 3261 §8.1.1, §8.2.6, §12.1.1, §12.2.1.1. */
#include "sipstack/useragent/user_agent_inner.h"

enum { MAX_FORWARDS = 70 };

/* ---- requests ---- */

static peal_result put_name(peal_sip_packet *request, peal_sip_header_id id, peal_str display,
                            peal_str uri, peal_str tag)
{
    const peal_str parts[] = { display,       display.n ? PEAL_STR(" <") : PEAL_STR("<"),
                               uri,           tag.n ? PEAL_STR(">;tag=") : PEAL_STR(">"),
                               tag };
    return peal_sip_packet_setv(request, id, parts, PEAL_COUNT_OF(parts));
}

peal_result peal__sip_put_cseq(peal_sip_packet *packet, uint32_t number, peal_str method)
{
    char text[12]; /* written from its end */
    size_t at = sizeof text;
    text[--at] = ' ';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    const peal_str parts[] = { peal_str_of(text + at, sizeof text - at), method };
    return peal_sip_packet_setv(packet, PEAL_SIP_HEADER_CSEQ, parts, PEAL_COUNT_OF(parts));
}

static peal_result put_max_forwards(const peal__sip_user_agent *ua, peal_sip_packet *request)
{
    if (peal_sip_packet_has(request, PEAL_SIP_HEADER_MAX_FORWARDS)) {
        return PEAL_OK;
    }
    return peal_sip_packet_set_number(request, PEAL_SIP_HEADER_MAX_FORWARDS,
                                      ua->max_forwards ? ua->max_forwards : MAX_FORWARDS);
}

static peal_result put_names(const peal__sip_user_agent *ua, peal_sip_packet *request)
{
    peal_result r = put_name(request, PEAL_SIP_HEADER_FROM,
                             peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_DISPLAY),
                             peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_URI),
                             peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_TAG));
    if (r < 0) {
        return r;
    }
    return put_name(request, PEAL_SIP_HEADER_TO,
                    peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_DISPLAY),
                    peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_URI),
                    peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_TAG));
}

/* §12.2.1.1: the number grows by one with each request, a reissued one included (§8.1.3.5); ACK
 * has that of its INVITE, which its sender has put in. */
static peal_result put_cseq(peal__sip_user_agent *ua, peal_sip_packet *request)
{
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_ACK) {
        return peal_sip_packet_has(request, PEAL_SIP_HEADER_CSEQ) ? PEAL_OK : PEAL_E_ARGUMENT;
    }
    if (ua->local_cseq == INT32_MAX) { /* §8.1.1.5: below 2^31 */
        return PEAL_E_LIMIT;
    }
    peal_result r =
        peal__sip_put_cseq(request, ua->local_cseq + 1, peal_sip_packet_method_text(request));
    if (r >= 0) {
        ua->local_cseq++;
    }
    return r;
}

/* §12.2.1.1: inside a dialog the remote target; outside what the request was made with. The fix-up
 * for strict routers is destination selection's. */
static peal_result put_target(const peal__sip_user_agent *ua, peal_sip_packet *request)
{
    const peal_str target = peal__sip_user_agent_text(ua, PEAL__DIALOG_TARGET);
    if (ua->state == PEAL_SIP_DIALOG_NONE && peal_sip_packet_request_uri(request).n) {
        return PEAL_OK;
    }
    if (target.n == 0) {
        return PEAL_E_SIP_NO_TARGET;
    }
    return peal_str_eq(peal_sip_packet_request_uri(request), target)
               ? PEAL_OK
               : peal_sip_packet_set_request_uri(request, target);
}

static peal_result put_routes(const peal__sip_user_agent *ua, peal_sip_packet *request)
{
    const peal_str routes = peal__sip_user_agent_text(ua, PEAL__DIALOG_ROUTES);
    if (routes.n == 0 || peal_sip_packet_has(request, PEAL_SIP_HEADER_ROUTE)) {
        return PEAL_OK;
    }
    return peal_sip_packet_add(request, PEAL_SIP_HEADER_ROUTE, routes);
}

/* A request in another dialog: a fork that nobody wanted. Its sender has addressed it. A reissued
 * request (C7) has a To as well: ours. */
static bool is_foreign(const peal__sip_user_agent *ua, peal_sip_packet *request)
{
    const peal_sip_address *to = NULL;
    return peal_sip_packet_to(request, &to) >= 0 && to->tag.n &&
           !peal_str_eq(to->tag, peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_TAG));
}

/* A dialog that is over sends only what ends it. */
static bool may_send(const peal__sip_user_agent *ua, peal_sip_method method)
{
    return ua->state != PEAL_SIP_DIALOG_TERMINATED || method == PEAL_SIP_METHOD_ACK ||
           method == PEAL_SIP_METHOD_BYE;
}

peal_result peal__sip_user_agent_on_outgoing_request(peal_sip_service *self,
                                                     peal_sip_packet *request,
                                                     peal_sip_client_request *handle)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    peal_result r;
    (void)handle;
    if (!ua->context) {
        return PEAL_E_SIP_CLEARED;
    }
    if (is_foreign(ua, request)) {
        return put_max_forwards(ua, request);
    }
    if (!may_send(ua, peal_sip_packet_method(request))) {
        return PEAL_E_SIP_NO_DIALOG;
    }
    if (peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_URI).n == 0 ||
        peal__sip_user_agent_text(ua, PEAL__DIALOG_REMOTE_URI).n == 0) {
        return PEAL_E_SIP_NO_TARGET;
    }
    if ((r = peal__sip_user_agent_identify(ua)) < 0 || (r = put_target(ua, request)) < 0 ||
        (r = put_max_forwards(ua, request)) < 0 || (r = put_routes(ua, request)) < 0 ||
        (r = put_names(ua, request)) < 0) {
        return r;
    }
    r = peal_sip_packet_set(request, PEAL_SIP_HEADER_CALL_ID,
                            peal__sip_user_agent_text(ua, PEAL__DIALOG_CALL_ID));
    return r < 0 ? r : put_cseq(ua, request); /* last: a refused request takes no number */
}

/* ---- responses ---- */

static bool forms_dialog(peal_sip_packet *response)
{
    return peal_sip_packet_method(response) == PEAL_SIP_METHOD_INVITE;
}

/* §12.1.1: the route set goes back to the caller. */
static peal_result put_record_route(peal_sip_packet *response,
                                    peal_sip_server_event_control *control)
{
    peal_sip_packet *request = peal_sip_server_event_control_request(control);
    if (!request || peal_sip_packet_has(response, PEAL_SIP_HEADER_RECORD_ROUTE)) {
        return PEAL_OK;
    }
    return peal_sip_packet_add_from(response, request, PEAL_SIP_HEADER_RECORD_ROUTE);
}

/* A 2xx chooses: the early dialog it belongs to becomes the dialog, the others end (K6). */
static peal_result confirm(peal__sip_user_agent *ua, peal__sip_extra_tag *extra)
{
    if (extra) {
        peal__sip_dialog_change change;
        memset(&change, 0, sizeof change);
        peal__sip_dialog_put(&change, PEAL__DIALOG_LOCAL_TAG,
                             peal_str_of(extra->tag, sizeof extra->tag));
        peal_result r = peal__sip_user_agent_change(ua, &change);
        if (r < 0) {
            return r;
        }
    }
    peal__sip_tags_drop_all(ua);
    ua->state = PEAL_SIP_DIALOG_CONFIRMED;
    peal__sip_user_agent_list(ua);
    return PEAL_OK;
}

/* The dialog follows the response (§12.1.1). @p extra: the additional tag it has, or NULL. */
static peal_result follow(peal__sip_user_agent *ua, peal_sip_packet *response,
                          peal__sip_extra_tag *extra)
{
    const unsigned status = peal_sip_packet_status(response);
    if (status >= 300) { /* no dialog after all */
        peal__sip_tags_drop_all(ua);
        peal__sip_user_agent_unlist(ua);
        ua->state = PEAL_SIP_DIALOG_NONE;
        return PEAL_OK;
    }
    if (status >= 200) {
        return confirm(ua, extra);
    }
    ua->state = PEAL_SIP_DIALOG_EARLY;
    if (extra) {
        peal__sip_tags_list(ua, extra);
    } else {
        peal__sip_user_agent_list(ua);
    }
    return PEAL_OK;
}

/* A response to a request from outside of a dialog: tag, Record-Route, and the dialog it makes. */
static peal_result answer_outside(peal__sip_user_agent *ua, peal_sip_packet *response,
                                  peal_sip_server_event_control *control)
{
    const peal_sip_address *to = NULL;
    peal__sip_extra_tag *extra = NULL;
    const peal_str usual = peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_TAG);
    peal_result r = peal_sip_packet_to(response, &to);
    if (r < 0) {
        return r;
    }
    if (to->tag.n == 0) {
        r = peal_sip_response_set_to_tag(response, usual);
    } else if (!peal_str_eq(to->tag, usual)) {
        extra = peal__sip_tags_find(ua, to->tag);
        r = extra ? PEAL_OK : PEAL_E_ARGUMENT;
    }
    if (r < 0 || !forms_dialog(response) || ua->state == PEAL_SIP_DIALOG_CONFIRMED ||
        ua->state == PEAL_SIP_DIALOG_TERMINATED) {
        return r;
    }
    if (peal_sip_packet_status(response) < 300 && (r = put_record_route(response, control)) < 0) {
        return r;
    }
    return follow(ua, response, extra);
}

peal_result peal__sip_user_agent_on_outgoing_response(peal_sip_service *self,
                                                      peal_sip_packet *response,
                                                      peal_sip_server_event_control *control)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    peal_sip_packet *request = peal_sip_server_event_control_request(control);
    const peal_sip_address *to = NULL;
    const unsigned status = peal_sip_packet_status(response);
    if (status <= 100 || !ua->context || !request || peal_sip_packet_to(request, &to) < 0) {
        return PEAL_OK;
    }
    if (to->tag.n == 0) {
        return ua->texts ? answer_outside(ua, response, control) : PEAL_OK;
    }
    /* RFC 6141 §5: a target refresh counts when it is accepted. */
    return status >= 200 && status < 300 ? peal__sip_user_agent_refresh_target(ua, request)
                                         : PEAL_OK;
}

/* ---- Contact ---- */

static bool wants_contact(const peal_sip_packet *packet)
{
    const unsigned status = peal_sip_packet_status(packet);
    return peal__sip_user_agent_refreshes(peal_sip_packet_method(packet)) &&
           (peal_sip_packet_is_request(packet) || (status > 100 && status < 300)) &&
           !peal_sip_packet_has(packet, PEAL_SIP_HEADER_CONTACT);
}

static peal_str contact_user(const peal__sip_user_agent *ua)
{
    const peal_str set = peal__sip_user_agent_text(ua, PEAL__DIALOG_CONTACT_USER);
    peal_sip_uri uri;
    if (set.n) {
        return set;
    }
    return peal_sip_uri_decode(peal__sip_user_agent_text(ua, PEAL__DIALOG_LOCAL_URI), &uri) >= 0
               ? uri.user
               : peal_str_of(NULL, 0);
}

/* §12.1, T3: the Contact names the address that this packet leaves by. */
peal_result peal__sip_user_agent_on_local_address(peal_sip_service *self, peal_sip_packet *packet,
                                                  const peal_sip_local *local)
{
    peal__sip_user_agent *ua = peal__sip_user_agent_of_service(self);
    if (!ua->context || !wants_contact(packet)) {
        return PEAL_OK;
    }
    const peal_str user = contact_user(ua);
    const bool tcp = local->transport == PEAL_SIP_TRANSPORT_TCP;
    const peal_str parts[] = { PEAL_STR("<sip:"),
                               user,
                               user.n ? PEAL_STR("@") : PEAL_STR(""),
                               local->host,
                               tcp ? PEAL_STR(";transport=tcp") : PEAL_STR(""),
                               peal__sip_user_agent_text(ua, PEAL__DIALOG_CONTACT_PARAMS),
                               PEAL_STR(">") };
    return peal_sip_packet_setv(packet, PEAL_SIP_HEADER_CONTACT, parts, PEAL_COUNT_OF(parts));
}

peal_result peal_sip_response_set_to_tag(peal_sip_packet *response, peal_str tag)
{
    const peal_sip_address *to = NULL;
    if (peal_sip_packet_is_request(response) || tag.n == 0) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = peal_sip_packet_to(response, &to);
    if (r < 0) {
        return r;
    }
    const peal_str text = to->text;
    if (to->tag.n == 0) {
        const peal_str added[] = { text, PEAL_STR(";tag="), tag };
        return peal_sip_packet_setv(response, PEAL_SIP_HEADER_TO, added, PEAL_COUNT_OF(added));
    }
    const size_t before = (size_t)(to->tag.p - text.p);
    const peal_str parts[] = { peal_str_of(text.p, before), tag,
                               peal_str_of(to->tag.p + to->tag.n, text.n - before - to->tag.n) };
    return peal_sip_packet_setv(response, PEAL_SIP_HEADER_TO, parts, PEAL_COUNT_OF(parts));
}
