/* SPDX-License-Identifier: MIT */
/* Makes and answers a call in one process: two contexts of one stack talk over UDP on loopback.
 * Built against the installed library:
 *
 *   cc place_call.c $(pkg-config --cflags --libs peal-sip) -o place_call && ./place_call
 */
#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <stdio.h>

struct app {
    peal_sip_core_user user;          /* packets that belong to no dialog, results */
    peal_sip_dispatcher_mgr incoming; /* good new requests */
    peal_sip_session_mgr caller, callee;
    peal_sip_core_config *stack;
    peal_sip_dispatcher *dispatcher;
    peal_sip_context_template *caller_kind, *callee_kind;
    bool answered, over, down;
    int ended;
};

/* What a user agent's context is made of: the same services for both ends. */
static peal_result make_kind(struct app *a, peal_sip_session_mgr *manager,
                             peal_sip_context_template **ret)
{
    peal_sip_context_template *kind = NULL;
    peal_result r = peal_sip_context_template_new(a->stack, &kind);
    if (r >= 0 &&
        (r = peal_sip_context_template_add(kind, &peal_sip_user_agent_clsid, NULL)) >= 0 &&
        (r = peal_sip_context_template_add(kind, &peal_sip_session_clsid, manager)) >= 0) {
        r = peal_sip_context_template_add_connection_services(kind);
    }
    if (r < 0) {
        peal_sip_context_template_unref(kind);
        return r;
    }
    *ret = kind;
    return PEAL_OK;
}

static void let_go(peal_sip_session *session)
{
    peal_sip_context *context = peal_sip_session_context(session);
    peal_sip_context_clear(context);
    peal_sip_context_unref(context);
}

/* --- the callee */
static void on_invited(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_server_event_control *control, peal_sip_packet *invite)
{
    (void)self;
    (void)session;
    (void)invite;
    puts("callee: INVITE received, answering 180 and 200");
    (void)peal_sip_server_event_control_respond(control, 180, (peal_str){ NULL, 0 });
    (void)peal_sip_server_event_control_respond(control, 200, (peal_str){ NULL, 0 });
}

static void on_acknowledged(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_packet *ack)
{
    (void)self;
    (void)ack;
    puts("callee: ACK received, saying BYE");
    (void)peal_sip_session_bye(session, NULL, NULL, NULL);
}

static void callee_on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_session_end why)
{
    struct app *a = PEAL_IMPL(self, struct app, callee);
    printf("callee: session ended (%d)\n", (int)why);
    let_go(session);
    a->over = ++a->ended == 2;
}

static const peal_sip_session_mgr_vt callee_vt = { .size = sizeof callee_vt,
                                                   .on_invited = on_invited,
                                                   .on_acknowledged = on_acknowledged,
                                                   .on_ended = callee_on_ended };

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    struct app *a = PEAL_IMPL(self, struct app, incoming);
    peal_sip_context *context = NULL;
    (void)core;
    if (peal_sip_context_template_make(a->callee_kind, a, &context) < 0 ||
        peal_sip_context_handle_packet(context, request) < 0) {
        fputs("callee: out of memory\n", stderr);
    }
}
static const peal_sip_dispatcher_mgr_vt incoming_vt = { .size = sizeof incoming_vt,
                                                        .on_new_request = on_new_request };

/* --- the caller */
static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct app *a = PEAL_IMPL(self, struct app, caller);
    (void)control;
    printf("caller: %u received, acknowledging\n", peal_sip_packet_status(response));
    a->answered = true;
    (void)peal_sip_session_ack(session, NULL);
}

static void on_progress(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)self;
    (void)session;
    (void)control;
    printf("caller: %u received\n", peal_sip_packet_status(response));
}

static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)self;
    (void)session;
    (void)control;
    printf("caller: the call failed with %u\n", peal_sip_packet_status(response));
}

static void caller_on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_session_end why)
{
    struct app *a = PEAL_IMPL(self, struct app, caller);
    printf("caller: session ended (%d)\n", (int)why);
    let_go(session);
    a->over = ++a->ended == 2 || !a->answered;
}
static const peal_sip_session_mgr_vt caller_vt = { .size = sizeof caller_vt,
                                                   .on_progress = on_progress,
                                                   .on_success = on_success,
                                                   .on_failure = on_failure,
                                                   .on_ended = caller_on_ended };

static peal_result place_call(struct app *a, const peal_socket_addr *to)
{
    char host[PEAL_SOCKET_ADDR_TEXT_MAX], target[PEAL_SOCKET_ADDR_TEXT_MAX + 16];
    peal_sip_context *context = NULL;
    peal_sip_session *session = NULL;
    peal_sip_user_agent *agent = NULL;
    peal_result r = peal_sip_context_template_make(a->caller_kind, a, &context);
    if (r < 0) {
        return r;
    }
    (void)peal_socket_addr_format(to, true, host);
    (void)snprintf(target, sizeof target, "sip:bob@%s", host);
    const peal_sip_user_agent_params who = { .size = sizeof who,
                                             .local = PEAL_STR("\"Alice\" <sip:alice@example.com>"),
                                             .remote = peal_str_z(target),
                                             .target = peal_str_z(target) };
    if ((r = peal_sip_user_agent_query(&context->unk, &agent)) >= 0 &&
        (r = peal_sip_user_agent_configure(agent, &who)) >= 0 &&
        (r = peal_sip_session_query(&context->unk, &session)) >= 0) {
        r = peal_sip_session_invite(session, NULL, NULL, NULL);
    }
    peal_sip_user_agent_unref(agent);
    peal_sip_session_unref(session);
    if (r < 0) {
        peal_sip_context_clear(context);
        peal_sip_context_unref(context);
    }
    return r;
}

/* --- the stack */
static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    (void)core;
    peal_sip_dispatch(PEAL_IMPL(self, struct app, user)->dispatcher, packet);
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    struct app *a = PEAL_IMPL(self, struct app, user);
    (void)listener;
    (void)opaque;
    if (result >= 0) {
        result = place_call(a, bound);
    }
    if (result < 0) {
        fprintf(stderr, "%s\n", peal_result_text(result));
        a->over = true;
    }
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    (void)still_held;
    PEAL_IMPL(self, struct app, user)->down = true;
}
static const peal_sip_core_user_vt user_vt = { .size = sizeof user_vt,
                                               .on_packet = on_packet,
                                               .on_listening = on_listening,
                                               .on_shut_down = on_shut_down };

static peal_result start(struct app *a, peal_thread *thread)
{
    const peal_sip_dispatcher_config accept = { .size = sizeof accept,
                                                .allow = PEAL_STR("INVITE, ACK, BYE, CANCEL"),
                                                .manager = &a->incoming };
    peal_socket_addr any = { .family = PEAL_AF_NONE };
    peal_result r = peal_sip_core_config_new(&a->stack);
    if (r < 0 || (r = peal_sip_core_config_set_threads(a->stack, thread, thread, NULL)) < 0 ||
        (r = peal_sip_core_config_set_core_user(a->stack, &a->user)) < 0 ||
        (r = peal_sip_core_config_startup(a->stack)) < 0 ||
        (r = peal_sip_dispatcher_new(a->stack, &accept, &a->dispatcher)) < 0 ||
        (r = make_kind(a, &a->caller, &a->caller_kind)) < 0 ||
        (r = make_kind(a, &a->callee, &a->callee_kind)) < 0 ||
        (r = peal_socket_addr_parse(PEAL_STR("127.0.0.1"), 0, &any)) < 0) {
        return r;
    }
    return peal_sip_core_config_listen(a->stack, PEAL_SIP_TRANSPORT_UDP, &any, NULL);
}

int main(void)
{
    struct app a = { .user = { &user_vt },
                     .incoming = { &incoming_vt },
                     .caller = { &caller_vt },
                     .callee = { &callee_vt } };
    peal_thread *thread = NULL;
    bool ready = false;
    if (peal_init() < 0 || peal_sip_init() < 0 || peal_thread_new(NULL, &thread) < 0) {
        return 1;
    }
    peal_result r = start(&a, thread);
    while (r >= 0 && !a.over) {
        r = peal_thread_activate_for(thread, 20, NULL);
    }
    if (a.stack && peal_sip_core_config_shutdown(a.stack, 0, 0) >= 0) {
        while (!a.down && peal_thread_activate_for(thread, 20, NULL) >= 0) {
        }
    }
    peal_sip_context_template_unref(a.caller_kind);
    peal_sip_context_template_unref(a.callee_kind);
    peal_sip_dispatcher_free(a.dispatcher);
    peal_sip_core_config_unref(a.stack);
    peal_thread_stop(thread);
    while (!ready && peal_thread_activate_for(thread, 20, &ready) >= 0) {
    }
    peal_thread_unref(thread);
    if (peal_sip_fini() < 0 || peal_fini() < 0) {
        fputs("something is still alive\n", stderr);
        return 1;
    }
    puts(a.answered ? "the call worked" : "the call did not work");
    return r >= 0 && a.answered ? 0 : 1;
}
