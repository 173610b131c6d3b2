/* SPDX-License-Identifier: MIT */
/* The application of a user agent host: it plays its part of each call as the scenario says, and
 * watches what it hears. Core thread of the host. */
#include "apps/sim/ua_node.h"

#include <stdlib.h>

static void on_timer(peal_timer *timer);

/* ---- what it hears ---- */

/* Every callback of a leg passes here first. */
static void hear(struct ua_leg *leg, const char *what, unsigned number)
{
    struct host *host = leg->host;
    peal__world_event(host, leg->plan->number, what, number);
    if (leg->ended || !leg->context) {
        peal__rule_broken(host->world, "event-after-end", leg->plan->number,
                          "host %u heard %s %u after the %s", host->number, what, number,
                          leg->ended ? "end of the session" : "context was cleared");
    }
}

/* The first INVITE's one end at its caller. */
static void count_outcome(struct ua_leg *leg, bool is_success)
{
    struct call_fate *fate = leg->fate;
    *(is_success ? &fate->successes : &fate->failures) += 1;
    if (++leg->outcomes > 1 || fate->failures > 1 || (fate->failures && fate->successes)) {
        peal__rule_broken(leg->host->world, "one-final", leg->plan->number,
                          "the caller's INVITE ended with %u successes and %u failures",
                          fate->successes, fate->failures);
    }
}

static void count_reinvite(struct ua_leg *leg)
{
    if (++leg->reinvite_ends > leg->reinvites) {
        peal__rule_broken(leg->host->world, "one-final", leg->plan->number,
                          "host %u: %u re-INVITEs have had %u ends", leg->host->number,
                          leg->reinvites, leg->reinvite_ends);
    }
}

/* ---- steps ---- */

static uint64_t now_of(const struct ua_leg *leg)
{
    return peal_thread_now_ms(leg->ua->threads[0]);
}

static void set_timer(struct ua_leg *leg)
{
    uint64_t next = UINT64_MAX;
    const uint64_t now = now_of(leg);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        next = leg->due[i] && leg->due[i] < next ? leg->due[i] : next;
    }
    if (next == UINT64_MAX) {
        peal_timer_stop(leg->ua->threads[0], &leg->timer);
    } else {
        peal_timer_start(leg->ua->threads[0], &leg->timer, next > now ? next - now : 0, 0);
    }
}

/* 0 ms: never. */
static void plan(struct ua_leg *leg, enum leg_step step, uint32_t ms)
{
    if (ms && leg->context) {
        leg->due[step] = now_of(leg) + ms;
        set_timer(leg);
    }
}

static void forget(struct ua_leg *leg, enum leg_step step)
{
    leg->due[step] = 0;
    set_timer(leg);
}

static void respond(struct ua_leg *leg, unsigned status)
{
    peal_sip_server_event_control *control = leg->control;
    if (!control) {
        return;
    }
    if (status >= 200) {
        leg->control = NULL;
        forget(leg, STEP_RING);
        forget(leg, STEP_RING2);
    }
    peal_result r = peal_sip_server_event_control_respond(control, status, NONE);
    peal__world_event(leg->host, leg->plan->number, "answers", status);
    if (status >= 200) {
        leg->is_up = leg->is_up || (status < 300 && r >= 0);
        peal_sip_server_event_control_unref(control);
    }
}

static void answer(struct ua_leg *leg, bool is_first, unsigned status)
{
    const bool was_up = leg->is_up;
    respond(leg, status);
    if (is_first && leg->is_up && !was_up) {
        plan(leg, STEP_BYE, leg->plan->bye2);
        plan(leg, STEP_REINVITE, leg->plan->reinvite2);
        plan(leg, STEP_INFO, leg->plan->info2);
    }
}

/* RFC 3261 §9.1: whatever the peer does, an INVITE that was cancelled is over 64*T1 after the
 * CANCEL, which leaves as soon as a 1xx came, or with the INVITE's own time-out. */
static uint64_t check_cancelled(struct world *world, void *about)
{
    const struct ua_leg *leg = about;
    const struct host *host = leg->host;
    if (leg->context && !leg->outcomes && !leg->fate->has_won && host->pauses_ms == 0) {
        peal__rule_broken(world, "cancel-ends", leg->plan->number,
                          "host %u: the INVITE has no end %u s after it was cancelled",
                          host->number, DOWN_MS / 1000);
    }
    return 0;
}

static void cancel(struct ua_leg *leg)
{
    struct world *world = leg->host->world;
    if (!leg->request || leg->is_up || leg->outcomes) {
        return;
    }
    peal_result r = peal_sip_client_request_cancel(leg->request, NONE);
    peal__world_event(leg->host, leg->plan->number, "cancels", 0);
    if (r >= 0) {
        peal__rules_watch(world, peal__world_now(world) + DOWN_MS, check_cancelled, leg);
    }
}

static void hang_up(struct ua_leg *leg)
{
    peal__world_event(leg->host, leg->plan->number, "hangs up", 0);
    if (peal_sip_session_bye(leg->session, NULL, NULL, NULL) == PEAL_E_STATE) {
        peal__leg_let_go(leg);
    }
}

static void reinvite(struct ua_leg *leg)
{
    peal_sip_packet *invite = NULL;
    peal_result r = peal_sip_session_new_invite(leg->session, &invite);
    if (r >= 0) {
        r = peal_sip_packet_set_body(invite, PEAL_STR("application/sdp"),
                                     PEAL_STR("v=0\r\na=sendonly\r\n"));
        if (r < 0) {
            peal_sip_packet_unref(invite);
        }
    }
    if (r >= 0) {
        leg->reinvites++; /* its end may come at once */
        r = peal_sip_session_invite(leg->session, invite, &leg->reinvites, NULL);
        leg->reinvites -= r < 0;
    }
    peal__world_event(leg->host, leg->plan->number, r < 0 ? "may not re-INVITE" : "re-INVITEs", 0);
}

static void inform(struct ua_leg *leg)
{
    peal_sip_packet *info = NULL;
    if (peal_sip_generic_new_request(leg->generic, PEAL_SIP_METHOD_INFO, NONE, &info) >= 0) {
        (void)peal_sip_generic_send(leg->generic, info, leg, NULL);
    }
}

static void let_off(struct ua_leg *leg)
{
    peal__world_event(leg->host, leg->plan->number, "clears", 0);
    leg->fate->is_let_off = leg->fate->is_let_off || leg->is_caller;
    peal__leg_let_go(leg);
}

static void take(struct ua_leg *leg, enum leg_step step)
{
    const struct scenario_call *p = leg->plan;
    switch (step) {
    case STEP_RING:
        respond(leg, p->ring_code);
        break;
    case STEP_RING2:
        respond(leg, p->ring2_code);
        break;
    case STEP_ANSWER:
        answer(leg, true, p->answer_code);
        break;
    case STEP_REANSWER:
        answer(leg, false, p->reanswer_code);
        break;
    case STEP_CANCEL:
        cancel(leg);
        break;
    case STEP_ACK:
        (void)peal_sip_session_ack(leg->session, NULL);
        break;
    case STEP_REINVITE:
        reinvite(leg);
        break;
    case STEP_INFO:
        inform(leg);
        break;
    case STEP_CLEAR:
        let_off(leg);
        break;
    case STEP_BYE:
    case STEP_GUARD:
    case STEP_COUNT:
        hang_up(leg);
        break;
    }
}

static void on_timer(peal_timer *timer)
{
    struct ua_leg *leg = PEAL_CONTAINER_OF(timer, struct ua_leg, timer);
    const uint64_t now = now_of(leg);
    for (unsigned i = 0; i < STEP_COUNT; i++) {
        if (leg->due[i] && leg->due[i] <= now && leg->context) {
            leg->due[i] = 0;
            take(leg, (enum leg_step)i);
        }
    }
    if (leg->context) {
        set_timer(leg);
    }
}

/* ---- legs ---- */

/* An application that wants to end has its end in time, whatever the network did. */
static uint64_t check_ended(struct world *world, void *about)
{
    const struct ua_leg *leg = about;
    const struct host *host = leg->host;
    const uint64_t end = leg->made_ms + GUARD_MS + DOWN_MS + host->pauses_ms;
    if (!leg->context) {
        return 0;
    }
    if (host->paused_ms || peal__world_now(world) < end) {
        return end + 1000;
    }
    peal__rule_broken(world, "session-ends", leg->plan->number,
                      "host %u: the %s's session has no end %u s after it was hung up",
                      host->number, leg->is_caller ? "caller" : "callee", DOWN_MS / 1000);
    return 0;
}

struct ua_leg *peal__leg_make(struct ua *ua, const struct scenario_call *planned, bool is_caller)
{
    struct world *world = ua->host->world;
    struct ua_leg *leg = calloc(1, sizeof *leg);
    if (!leg || peal_sip_context_template_make(ua->kind, leg, &leg->context) < 0) {
        free(leg);
        return NULL;
    }
    leg->ua = ua;
    leg->host = ua->host;
    leg->made_ms = peal__world_now(world);
    leg->plan = planned;
    leg->fate = peal__world_fate(world, planned->number);
    leg->is_caller = is_caller;
    leg->next = ua->legs;
    ua->legs = leg;
    ua->leg_count++;
    peal_timer_init(&leg->timer, on_timer);
    (void)peal_sip_session_query(&leg->context->unk, &leg->session);
    (void)peal_sip_user_agent_query(&leg->context->unk, &leg->agent);
    (void)peal_sip_generic_query(&leg->context->unk, &leg->generic);
    peal_sip_session_unref(leg->session); /* they live as long as the context */
    peal_sip_user_agent_unref(leg->agent);
    peal_sip_generic_unref(leg->generic);
    plan(leg, STEP_GUARD, GUARD_MS);
    peal__rules_watch(world, peal__world_now(world) + GUARD_MS + DOWN_MS, check_ended, leg);
    return leg;
}

void peal__leg_let_go(struct ua_leg *leg)
{
    peal_sip_context *context = leg->context;
    if (!context) {
        return;
    }
    leg->context = NULL;
    leg->ua->leg_count--;
    peal_timer_stop(leg->ua->threads[0], &leg->timer);
    peal_sip_context_clear(context);
    peal_sip_client_request_unrefp(&leg->request);
    peal_sip_server_event_control_unrefp(&leg->control);
    peal_sip_context_unref(context);
}

/* ---- a call of its own ---- */

static peal_result configure(struct ua_leg *leg)
{
    const struct world *world = leg->host->world;
    const struct scenario_call *p = leg->plan;
    char local[64], remote[64], target[64], routes[64];
    (void)snprintf(local, sizeof local, "\"Caller\" <sip:c%u@a.example>", p->number);
    (void)snprintf(remote, sizeof remote, "sip:c%u@b.example", p->number);
    (void)snprintf(target, sizeof target, "sip:c%u@%s", p->number, world->hosts[p->to].text);
    (void)snprintf(routes, sizeof routes, "<sip:%s;lr>", world->hosts[p->via].text);
    const peal_sip_user_agent_params params = {
        .size = sizeof params,
        .local = peal_str_z(local),
        .remote = peal_str_z(remote),
        .target = peal_str_z(target),
        .routes = p->via ? peal_str_z(routes) : NONE,
    };
    return peal_sip_user_agent_configure(leg->agent, &params);
}

static peal_result invite(struct ua_leg *leg)
{
    peal_sip_packet *packet = NULL;
    peal_result r = configure(leg);
    if (r >= 0) {
        r = peal_sip_session_new_invite(leg->session, &packet);
    }
    if (r >= 0) {
        r = peal_sip_packet_set_body(packet, PEAL_STR("application/sdp"),
                                     PEAL_STR("v=0\r\na=sendrecv\r\n"));
        if (r < 0) {
            peal_sip_packet_unref(packet);
        }
    }
    return r < 0 ? r : peal_sip_session_invite(leg->session, packet, leg, &leg->request);
}

void peal__ua_call(struct host *host, const struct scenario_call *planned)
{
    struct ua_leg *leg = peal__leg_make(host->ua, planned, true);
    if (!leg) {
        peal__rule_broken(host->world, "memory", planned->number, "no leg could be made");
        return;
    }
    peal__host_active(host);
    leg->fate->is_started = true;
    peal_result r = invite(leg);
    peal__world_event(host, planned->number, "calls", (uint32_t)-r);
    if (r < 0) {
        peal__leg_let_go(leg);
        leg->fate->is_let_off = true;
        return;
    }
    plan(leg, STEP_CANCEL, planned->cancel);
    plan(leg, STEP_CLEAR, planned->clear);
}

/* ---- session events ---- */

static struct ua_leg *leg_of(peal_sip_session *session)
{
    return peal_sip_session_opaque(session);
}

static void on_invited(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_server_event_control *control, peal_sip_packet *packet)
{
    struct ua_leg *leg = leg_of(session);
    const struct scenario_call *p = leg->plan;
    (void)self;
    (void)packet;
    hear(leg, "INVITE", 0);
    leg->was_invited = true;
    leg->control = peal_sip_server_event_control_ref(control);
    plan(leg, STEP_RING, p->ring_code ? p->ring : 0);
    plan(leg, STEP_RING2, p->ring2_code ? p->ring2 : 0);
    plan(leg, STEP_ANSWER, p->answer_code ? p->answer : 0);
    plan(leg, STEP_CLEAR, p->clear2);
}

static void on_reinvited(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *packet)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    (void)packet;
    hear(leg, "re-INVITE", 0);
    peal_sip_server_event_control_unref(leg->control);
    leg->control = peal_sip_server_event_control_ref(control);
    if (leg->plan->reanswer) {
        plan(leg, STEP_REANSWER, leg->plan->reanswer);
    } else {
        answer(leg, false, leg->plan->reanswer_code ? leg->plan->reanswer_code : 200);
    }
}

static void on_acknowledged(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_packet *ack)
{
    (void)self;
    (void)ack;
    hear(leg_of(session), "ACK", 0);
}

static void on_cancelled(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *packet)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    (void)control;
    (void)packet;
    hear(leg, "CANCEL", 0);
    peal_sip_server_event_control_unrefp(&leg->control);
    forget(leg, STEP_REANSWER);
}

static void on_progress(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)self;
    hear(leg_of(session), "progress", peal_sip_packet_status(response));
    (void)peal_sip_client_event_control_call_next(control);
}

static bool is_first(struct ua_leg *leg, peal_sip_client_event_control *control)
{
    return peal_sip_client_request_opaque(peal_sip_client_event_control_request(control)) !=
           &leg->reinvites;
}

static void first_success(struct ua_leg *leg)
{
    const struct scenario_call *p = leg->plan;
    count_outcome(leg, true);
    leg->is_up = true;
    forget(leg, STEP_CANCEL);
    if (leg->fate->has_won) {
        hang_up(leg); /* another dialog of this INVITE is the call */
        return;
    }
    leg->fate->has_won = true;
    if (p->ack && !p->no_ack) {
        plan(leg, STEP_ACK, p->ack);
    } else if (!p->no_ack) {
        (void)peal_sip_session_ack(leg->session, NULL);
    }
    plan(leg, STEP_BYE, p->bye);
    plan(leg, STEP_REINVITE, p->reinvite);
    plan(leg, STEP_INFO, p->info);
}

static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    hear(leg, "success", peal_sip_packet_status(response));
    if (is_first(leg, control)) {
        first_success(leg);
    } else {
        count_reinvite(leg);
        (void)peal_sip_session_ack(session, NULL);
    }
    (void)peal_sip_client_event_control_call_next(control);
}

static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    hear(leg, "failure", peal_sip_packet_status(response));
    if (is_first(leg, control)) {
        count_outcome(leg, false);
        forget(leg, STEP_CANCEL);
    } else {
        count_reinvite(leg);
    }
    (void)peal_sip_client_event_control_call_next(control);
}

static void on_new_session_needed(peal_sip_session_mgr *self, peal_sip_session *session,
                                  peal_sip_packet *response)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    hear(leg, "fork", peal_sip_packet_status(response));
    struct ua_leg *fork = leg->plan->forks ? peal__leg_make(leg->ua, leg->plan, true) : NULL;
    if (fork) {
        fork->is_fork = true;
        if (peal_sip_session_fork_into(session, fork->session) < 0) {
            peal__leg_let_go(fork);
        }
    }
}

static void on_bye(peal_sip_session_mgr *self, peal_sip_session *session,
                   peal_sip_server_event_control *control, peal_sip_packet *bye)
{
    (void)self;
    (void)control;
    (void)bye;
    hear(leg_of(session), "BYE", 0);
}

static void on_bye_answered(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)self;
    hear(leg_of(session), "BYE answered", peal_sip_packet_status(response));
    (void)peal_sip_client_event_control_call_next(control);
}

static void on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                     peal_sip_session_end why)
{
    struct ua_leg *leg = leg_of(session);
    (void)self;
    hear(leg, "end", (unsigned)why);
    leg->ended++;
    if (leg->is_caller && !leg->is_fork && !leg->outcomes &&
        why != PEAL_SIP_SESSION_END_FORK_LOST && leg->fate->successes == 0) {
        peal__rule_broken(leg->host->world, "one-final", leg->plan->number,
                          "the caller's session ended (%u) and its INVITE did not", (unsigned)why);
    }
    peal__leg_let_go(leg);
}

const peal_sip_session_mgr_vt peal__ua_session_vt = {
    .size = sizeof peal__ua_session_vt,
    .on_invited = on_invited,
    .on_reinvited = on_reinvited,
    .on_acknowledged = on_acknowledged,
    .on_cancelled = on_cancelled,
    .on_progress = on_progress,
    .on_success = on_success,
    .on_failure = on_failure,
    .on_new_session_needed = on_new_session_needed,
    .on_bye = on_bye,
    .on_bye_answered = on_bye_answered,
    .on_ended = on_ended,
};

/* ---- other requests ---- */

static void on_request(peal_sip_generic_mgr *self, peal_sip_generic *service,
                       peal_sip_server_event_control *control, peal_sip_packet *request)
{
    (void)self;
    (void)request;
    hear(peal_sip_generic_opaque(service), "request", 0);
    (void)peal_sip_server_event_control_respond(control, 200, NONE);
}

static void on_answered(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)self;
    hear(peal_sip_generic_opaque(service), "answer", peal_sip_packet_status(response));
    (void)peal_sip_client_event_control_call_next(control);
}

const peal_sip_generic_mgr_vt peal__ua_generic_vt = { .size = sizeof peal__ua_generic_vt,
                                                      .on_request = on_request,
                                                      .on_answered = on_answered };
