/* SPDX-License-Identifier: MIT */
/* The outgoing leg: the INVITE to a next hop, and its answers. Core thread. RFC 3261 §13.2.
 *
 * With a next hop the Request-URI is the hop's URI with the caller's user part; a next hop with ;lr
 * leaves the Request-URI alone and is a pre-loaded route. Without next hops the call goes where its
 * Request-URI points, unless that is us. */
#include "apps/b2bua/b2bua_priv.h"

/* The user part the caller asked for; a telephone number becomes one (RFC 3261 §19.1.6). */
static peal_result hop_target(peal_sip_packet *packet, const struct next_hop *hop,
                              const peal_sip_uri *asked, peal_str *ret)
{
    char port[8];
    const peal_sip_uri *to = &hop->uri;
    if (to->user.p || !asked->user.n) {
        *ret = to->text;
        return PEAL_OK;
    }
    port[0] = 0;
    if (to->port) {
        (void)snprintf(port, sizeof port, ":%u", to->port);
    }
    const peal_str parts[] = {
        PEAL_STR("sip:"),
        asked->user,
        PEAL_STR("@"),
        to->host,
        peal_str_z(port),
        to->params,
        asked->scheme == PEAL_SIP_SCHEME_TEL ? PEAL_STR(";user=phone") : B2BUA_NONE,
    };
    return peal__headers_join(packet, parts, PEAL_COUNT_OF(parts), ret);
}

/* The address a Request-URI names in numbers is one that we listen on. */
static bool is_ourselves(const struct b2bua *app, const peal_sip_uri *uri)
{
    peal_socket_addr address;
    if (peal_socket_addr_parse(uri->host, uri->port ? uri->port : 5060, &address) < 0) {
        return false;
    }
    for (size_t i = 0; i < app->bound_count; i++) {
        const peal_socket_addr *b = &app->bound[i];
        if (peal_socket_addr_eq(b, &address, true) ||
            (peal_socket_addr_is_any(b) && b->port == address.port &&
             b->family == address.family)) {
            return true;
        }
    }
    return false;
}

/* 0 when there is somewhere to send this call to. There is no leg by TLS: what was asked for as
 * sips must not go on without it. 480 says that sips is the matter (RFC 5630); 416 would say that
 * the scheme is unknown here (RFC 3261 §21.4.14). */
unsigned peal__target_refusal(struct b2bua *app, peal_sip_packet *request)
{
    peal_sip_uri uri;
    if (peal_sip_uri_decode(peal_sip_packet_request_uri(request), &uri) < 0) {
        return 400;
    }
    if (uri.scheme == PEAL_SIP_SCHEME_SIPS) {
        return 480;
    }
    if (app->options.hop_count) {
        return 0;
    }
    return uri.scheme == PEAL_SIP_SCHEME_SIP && !is_ourselves(app, &uri) ? 0 : 404;
}

static peal_result configure(struct leg *leg, peal_sip_packet *out, peal_sip_packet *invite)
{
    const struct b2bua_options *o = &leg->call->app->options;
    const struct next_hop *hop = o->hop_count ? &o->hops[leg->hop] : NULL;
    peal_sip_user_agent_params params = { .size = sizeof params };
    const peal_sip_address *from;
    const peal_sip_address *to;
    peal_sip_uri asked;
    peal_result r;
    params.target = peal_sip_packet_request_uri(invite);
    if ((r = peal_sip_packet_from(invite, &from)) < 0 ||
        (r = peal_sip_packet_to(invite, &to)) < 0 ||
        (r = peal_sip_uri_decode(params.target, &asked)) < 0) {
        return r;
    }
    /* Of both the user agent takes name and URI: tags are the new leg's own. */
    params.local = from->text;
    params.remote = to->text;
    if (hop && hop->is_route) {
        const peal_str route[] = { PEAL_STR("<"), hop->uri.text, PEAL_STR(">") };
        r = peal__headers_join(out, route, PEAL_COUNT_OF(route), &params.routes);
    } else if (hop) {
        r = hop_target(out, hop, &asked, &params.target);
    }
    return r < 0 ? r : peal_sip_user_agent_configure(leg->agent, &params);
}

static peal_result send_invite(struct leg *leg, peal_sip_packet *invite)
{
    struct call *call = leg->call;
    peal_sip_packet *out = NULL;
    peal_result r =
        peal_sip_packet_new_request(peal_sip_core_pool(call->app->core), PEAL_SIP_METHOD_INVITE,
                                    B2BUA_NONE, peal_sip_packet_request_uri(invite), &out);
    if (r >= 0) {
        r = configure(leg, out, invite);
    }
    if (r >= 0) {
        r = peal_sip_packet_set_request_uri(out, peal_sip_user_agent_remote_target(leg->agent));
    }
    if (r >= 0) {
        r = peal__headers_pass(out, invite);
    }
    if (r >= 0) {
        r = peal__headers_count_down(out, invite);
    }
    if (r < 0) {
        peal_sip_packet_unref(out);
        return r;
    }
    return peal_sip_session_invite(leg->session, out, call, &call->request);
}

/* After an early dialog was shown to the caller, whatever comes next is another dialog to him, with
 * a To tag of its own (RFC 3261 §12.1). */
static peal_result new_tag(struct leg *leg)
{
    peal_str tag;
    peal_result r = peal_sip_user_agent_add_local_tag(leg->call->in.agent, &tag);
    if (r >= 0 && tag.n >= sizeof leg->tag) {
        r = PEAL_E_LIMIT;
    }
    if (r >= 0) {
        memcpy(leg->tag, tag.p, tag.n);
        leg->tag[tag.n] = 0;
    }
    return r;
}

/* Sends the call to its present hop on a fresh leg. */
peal_result peal__leg_out_start(struct call *call)
{
    peal_sip_packet *invite = peal_sip_server_event_control_request(call->in.invite);
    struct leg *leg = invite ? peal__leg_new_out(call) : NULL;
    if (!leg) {
        return invite ? PEAL_E_NO_MEMORY : PEAL_E_STATE;
    }
    peal_result r = peal__hold(call->app, invite, &leg->held) ? PEAL_OK : PEAL_E_NO_MEMORY;
    if (r >= 0) {
        r = peal__leg_open(leg, call->app->out_kind);
    }
    if (r >= 0 && call->has_rung) {
        r = new_tag(leg);
    }
    if (r >= 0) {
        r = send_invite(leg, invite);
    }
    if (r < 0) {
        peal__leg_close(leg);
    }
    return r;
}

static void on_progress(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    (void)self;
    peal__call_enter(call);
    if (call->in.invite && !leg->is_abandoned) {
        if (!call->peer && call->phase == CALL_TRYING) {
            peal__call_timer(call, CALL_SETUP, (uint64_t)call->app->options.setup_s * 1000);
        }
        call->has_rung = true;
        peal__leg_respond(&call->in, response, call->peer ? "" : leg->tag);
    }
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(call);
}

/* The first 2xx makes the call; a second one (forking), or one that nobody waits for, is
 * acknowledged and ended (K6 of the design; RFC 3261 §13.2.2.4). */
static void initial_success(struct leg *leg, peal_sip_packet *response)
{
    struct call *call = leg->call;
    leg->owes_ack = true;
    peal__let_go(call->app, &leg->held);
    if (!call->in.invite || call->peer || leg->is_abandoned) {
        peal__leg_hang_up(leg, NULL);
        return;
    }
    call->peer = leg;
    peal_sip_client_request_unrefp(&call->request);
    peal__call_timer(call, CALL_UP, (uint64_t)call->app->options.duration_s * 1000);
    peal__leg_respond(&call->in, response, leg->tag);
}

static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    (void)self;
    peal__call_enter(call);
    if (leg->request && leg->request == peal_sip_client_event_control_request(control)) {
        peal__on_reinvite_success(leg, response);
    } else {
        initial_success(leg, response);
    }
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(call);
}

static void initial_failure(struct leg *leg, peal_sip_packet *response, peal_result local)
{
    struct call *call = leg->call;
    if (leg->is_abandoned) {
        return;
    }
    peal_sip_client_request_unrefp(&call->request);
    if (!call->in.invite || call->peer) {
        return;
    }
    if (peal__failover_is_wanted(call, local, peal_sip_packet_status(response))) {
        peal__failover_give_up(call);
        peal__failover_next(call);
    } else {
        peal__call_timer(call, CALL_OVER, 0);
        peal__leg_respond(&call->in, response, "");
    }
}

static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    (void)self;
    peal__call_enter(call);
    if (leg->request && leg->request == peal_sip_client_event_control_request(control)) {
        peal__on_reinvite_failure(leg, response);
    } else {
        initial_failure(leg, response, peal_sip_client_event_control_local_result(control));
    }
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(call);
}

/* The next hop forked the INVITE: each early dialog gets a leg, and a To tag towards the caller.
 * Not taking it leaves the branch to the session service, which ends what is answered. */
static void on_new_session_needed(peal_sip_session_mgr *self, peal_sip_session *session,
                                  peal_sip_packet *response)
{
    struct leg *parent = peal__leg_of(session);
    struct call *call = parent->call;
    (void)self;
    (void)response;
    if (!call->in.invite || call->peer || parent->is_abandoned) {
        return;
    }
    peal__call_enter(call);
    struct leg *leg = peal__leg_new_out(call);
    if (leg) {
        leg->hop = parent->hop;
        if (peal__leg_open(leg, call->app->out_kind) < 0 || new_tag(leg) < 0 ||
            peal_sip_session_fork_into(session, leg->session) < 0) {
            peal__leg_close(leg);
        }
    }
    peal__call_leave(call);
}

const peal_sip_session_mgr_vt peal__leg_out_vt = {
    .size = sizeof peal__leg_out_vt,
    .on_reinvited = peal__on_reinvited,
    .on_acknowledged = peal__on_acknowledged,
    .on_cancelled = peal__on_cancelled,
    .on_progress = on_progress,
    .on_success = on_success,
    .on_failure = on_failure,
    .on_new_session_needed = on_new_session_needed,
    .on_bye = peal__on_bye,
    .on_ended = peal__on_ended,
};
