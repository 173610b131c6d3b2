/* SPDX-License-Identifier: MIT */
/* The stack around the calls: threads, core configuration, listening, new calls, shutdown.
 * Made by the main thread; from the start command on everything happens on the core thread. */
#include "apps/b2bua/b2bua_priv.h"

void peal__command_post(struct command *command)
{
    if (!__atomic_exchange_n(&command->is_posted, 1, __ATOMIC_ACQ_REL)) {
        peal_port_note(peal_thread_port(command->app->core_thread), "command",
                       peal_str_z(command->name));
        peal_thread_post(command->app->core_thread, &command->msg);
    }
}

static struct b2bua *app_of(peal_msg *msg)
{
    struct command *command = PEAL_CONTAINER_OF(msg, struct command, msg);
    __atomic_store_n(&command->is_posted, 0, __ATOMIC_RELEASE);
    return command->app;
}

/* Commands that come behind the last event find nothing to act on: the main thread may be taking
 * the stack apart already. */
static bool is_over(const struct b2bua *app)
{
    return __atomic_load_n(&app->is_down, __ATOMIC_ACQUIRE) != 0;
}

/* --- the end */

static void shut_down(struct b2bua *app, uint32_t linger_ms)
{
    app->is_core_stopping = true;
    peal_timer_stop(app->core_thread, &app->drain_timer);
    peal_result r = peal_sip_core_config_shutdown(app->core, 0, linger_ms);
    if (r < 0) {
        peal__complain("shutdown: %s", peal_result_text(r));
        app->exit_status = 1;
        __atomic_store_n(&app->is_down, 1, __ATOMIC_RELEASE);
        app->on_down(app);
    }
}

void peal__stack_drained(struct b2bua *app)
{
    if (!app->is_core_stopping) {
        shut_down(app, app->options.linger_ms);
    }
}

/* Ends every call: with BYE where it stands, 503 where it is being set up. */
static void end_calls(struct b2bua *app)
{
    peal_node *next;
    for (peal_node *node = peal_list_first(&app->calls); node; node = next) {
        next = peal_list_next(&app->calls, node);
        peal__call_end(PEAL_CONTAINER_OF(node, struct call, node), 503);
    }
}

/* Lets every call go at once: clearing its contexts sends what is still owed. */
static void drop_calls(struct b2bua *app)
{
    peal_node *node;
    while ((node = peal_list_first(&app->calls)) != NULL) {
        struct call *call = PEAL_CONTAINER_OF(node, struct call, node);
        peal__call_enter(call);
        if (call->in.context) {
            peal__leg_close(&call->in);
        }
        while (call->legs) {
            peal__leg_close(call->legs);
        }
        peal__call_leave(call);
    }
}

/* BYE and 503 are on their way; with the last call gone the stack stops, and transactions linger.
 */
static void on_drain_time_over(peal_timer *timer)
{
    struct b2bua *app = PEAL_CONTAINER_OF(timer, struct b2bua, drain_timer);
    end_calls(app);
    drop_calls(app);
}

static void drain(struct b2bua *app)
{
    const struct b2bua_options *o = &app->options;
    fprintf(app->out, "draining %zu calls for at most %u s\n", app->call_count, o->drain_s);
    (void)fflush(app->out);
    if (!app->call_count) {
        shut_down(app, o->linger_ms);
    } else if (!o->drain_s) {
        on_drain_time_over(&app->drain_timer);
    } else {
        peal_timer_start(app->core_thread, &app->drain_timer, (uint64_t)o->drain_s * 1000, 0);
    }
}

/* The first SIGTERM lets calls end, the second ends them. */
static void on_term(peal_msg *msg)
{
    struct b2bua *app = app_of(msg);
    if (is_over(app)) {
        return;
    }
    app->is_draining = true;
    if (++app->stops == 1) {
        drain(app);
    } else {
        app->is_core_stopping = true;
        end_calls(app);
        drop_calls(app);
        shut_down(app, 0);
    }
}

static void on_census(peal_msg *msg)
{
    struct b2bua *app = app_of(msg);
    if (!is_over(app)) {
        peal__census_print(app);
    }
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    struct b2bua *app = PEAL_IMPL(self, struct b2bua, user);
    app->still_held = still_held;
    peal_sip_context_template_unrefp(&app->in_kind);
    peal_sip_context_template_unrefp(&app->out_kind);
    peal_sip_dispatcher_free(app->dispatcher);
    app->dispatcher = NULL;
    app->last.size = sizeof app->last;
    peal_sip_core_config_census(app->core, &app->last);
    __atomic_store_n(&app->is_down, 1, __ATOMIC_RELEASE);
    app->on_down(app);
}

/* --- listening */

static void give_up(struct b2bua *app)
{
    app->exit_status = B2BUA_EXIT_CONFIG;
    app->is_draining = true;
    shut_down(app, 0);
}

static void print_ready(const struct b2bua *app)
{
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    if (app->options.is_default) {
        fputs("peal-b2bua: no option given: listening on udp:127.0.0.1:5060, sending each call to "
              "where its Request-URI points (--help tells more)\n",
              app->out);
    }
    fputs("ready", app->out);
    for (size_t i = 0; i < app->bound_count; i++) {
        (void)peal_socket_addr_format(&app->bound[i], true, text);
        fprintf(app->out, " udp:%s", text);
    }
    fputs("\n", app->out);
    (void)fflush(app->out);
}

static peal_result add_local(struct b2bua *app, const peal_socket_addr *bound)
{
    peal_sip_local_address local = { .size = sizeof local };
    if (!peal_socket_addr_is_any(bound)) {
        return PEAL_OK; /* listening on it made it a local address */
    }
    local.address = app->options.local[bound->family == PEAL_AF_IPV6];
    local.address.port = bound->port;
    peal_result r = peal_sip_core_config_add_local_address(app->core, &local);
    return r == PEAL_E_EXISTS ? PEAL_OK : r;
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    struct b2bua *app = PEAL_IMPL(self, struct b2bua, user);
    const peal_socket_addr *wanted = opaque;
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    (void)listener;
    if (app->is_core_stopping) {
        return;
    }
    if (result >= 0) {
        result = add_local(app, bound);
    }
    if (result < 0) {
        (void)peal_socket_addr_format(wanted, true, text);
        peal__complain("cannot listen on udp:%s: %s", text, peal_result_text(result));
        give_up(app);
        return;
    }
    app->bound[wanted - app->options.listen] = *bound;
    if (++app->bound_count == app->options.listen_count) {
        print_ready(app);
        peal__census_print(app);
        if (app->on_ready) {
            app->on_ready(app);
        }
    }
}

static void on_start(peal_msg *msg)
{
    struct b2bua *app = app_of(msg);
    for (size_t i = 0; i < app->options.listen_count && !app->is_core_stopping; i++) {
        peal_socket_addr *address = &app->options.listen[i];
        peal_result r =
            peal_sip_core_config_listen(app->core, PEAL_SIP_TRANSPORT_UDP, address, address);
        if (r < 0) {
            on_listening(&app->user, r, 0, address, address);
        }
    }
}

/* --- new requests */

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    (void)core;
    struct b2bua *app = PEAL_IMPL(self, struct b2bua, user);
    if (app->dispatcher) {
        peal_sip_dispatch(app->dispatcher, packet);
    }
}

static peal_result add_retry_after(peal_sip_packet *response, void *arg)
{
    (void)arg;
    return peal_sip_packet_set_number(response, PEAL_SIP_HEADER_RETRY_AFTER, B2BUA_RETRY_AFTER_S);
}

static peal_result add_capabilities(peal_sip_packet *response, void *arg)
{
    (void)arg;
    peal_result r =
        peal_sip_packet_set(response, PEAL_SIP_HEADER_ALLOW, PEAL_STR(B2BUA_ALLOW_IN_DIALOG));
    if (r >= 0) {
        r = peal_sip_packet_set(response, PEAL_SIP_HEADER_ACCEPT, PEAL_STR("application/sdp"));
    }
    if (r >= 0) {
        r = peal_sip_packet_set(response, PEAL_SIP_HEADER_SUPPORTED, PEAL_STR(B2BUA_SUPPORTED));
    }
    return r;
}

static peal_result add_allow(peal_sip_packet *response, void *arg)
{
    (void)arg;
    return peal_sip_packet_set(response, PEAL_SIP_HEADER_ALLOW, PEAL_STR(B2BUA_ALLOW));
}

static void new_call(struct b2bua *app, peal_sip_packet *invite)
{
    struct call *call = peal__call_new(app);
    peal_result r = call ? PEAL_OK : PEAL_E_NO_MEMORY;
    if (call) {
        peal__call_enter(call);
        r = peal__leg_open(&call->in, app->in_kind);
        if (r >= 0) {
            r = peal_sip_context_handle_packet(call->in.context, invite);
        }
        if (call->in.context && !call->was_invited) {
            peal__leg_close(&call->in); /* a service refused it, or it came to nothing */
        }
        peal__call_leave(call);
    }
    if (r < 0) {
        (void)peal_sip_core_respond(app->core, invite, 500, B2BUA_NONE, NULL, NULL);
    }
}

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    struct b2bua *app = PEAL_IMPL(self, struct b2bua, incoming);
    uint32_t limit = app->options.max_calls;
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_OPTIONS) {
        /* RFC 3261 §11.2 */
        (void)peal_sip_core_respond(core, request, 200, B2BUA_NONE, add_capabilities, NULL);
    } else if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_INVITE) {
        /* What is relayed inside a dialog is not taken outside of one. */
        (void)peal_sip_core_respond(core, request, 405, B2BUA_NONE, add_allow, NULL);
    } else if (app->is_draining || (limit && app->call_count >= limit)) {
        (void)peal_sip_core_respond(core, request, 503, B2BUA_NONE, add_retry_after, NULL);
    } else {
        new_call(app, request);
    }
}

static const peal_sip_core_user_vt user_vt = { .size = sizeof user_vt,
                                               .on_packet = on_packet,
                                               .on_listening = on_listening,
                                               .on_shut_down = on_shut_down };
static const peal_sip_dispatcher_mgr_vt incoming_vt = { .size = sizeof incoming_vt,
                                                        .on_new_request = on_new_request };

/* --- start */

/* What each leg is made of. */
static peal_result make_kind(struct b2bua *app, peal_sip_session_mgr *session,
                             peal_sip_context_template **ret)
{
    const struct {
        const peal_clsid *clsid;
        void *manager;
    } services[] = {
        { &peal_sip_user_agent_clsid, NULL },
        { &peal_sip_session_clsid, session },
        { &peal_sip_generic_clsid, &app->generic_mgr },
        { &peal_sip_destination_selection_clsid, NULL },
        { &peal_sip_server_location_clsid, NULL },
        { &peal_sip_via_management_clsid, NULL },
        { &peal_sip_symmetric_udp_clsid, NULL },
    };
    peal_result r = peal_sip_context_template_new(app->core, ret);
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(services); i++) {
        r = peal_sip_context_template_add(*ret, services[i].clsid, services[i].manager);
    }
    return r;
}

static peal_result make_threads(struct b2bua *app)
{
    const peal_thread_options options = { .size = sizeof options, .port = app->options.port };
    size_t count = app->options.mode == B2BUA_THREE ? 3 : 1;
    peal_result r = PEAL_OK;
    while (r >= 0 && app->thread_count < count) {
        r = peal_thread_new(&options, &app->threads[app->thread_count]);
        app->thread_count += r >= 0;
    }
    app->core_thread = app->threads[0];
    return r;
}

static void init_command(struct b2bua *app, struct command *command, const char *name,
                         void (*run)(peal_msg *msg))
{
    command->name = name;
    command->app = app;
    command->msg.run = run;
}

static peal_result make_stack(struct b2bua *app)
{
    const struct b2bua_options *o = &app->options;
    const bool three = app->thread_count == 3;
    const peal_sip_settings settings = { .size = sizeof settings,
                                         .t1_ms = o->t1_ms,
                                         .t2_ms = o->t1_ms * 8,
                                         .t4_ms = o->t1_ms * 10,
                                         .timer_d_ms = o->t1_ms * 64,
                                         .user_agent = PEAL_STR("peal-b2bua") };
    const peal_sip_dispatcher_config accept = { .size = sizeof accept,
                                                .allow = PEAL_STR(B2BUA_ALLOW_IN_DIALOG),
                                                .supported = PEAL_STR(B2BUA_SUPPORTED),
                                                .manager = &app->incoming };
    peal_thread *transport = app->threads[three ? 1 : 0];
    peal_thread *resolver = app->threads[three ? 2 : 0];
    peal_result r = peal_sip_core_config_new(&app->core);
    if (r < 0 ||
        (r = peal_sip_core_config_set_threads(app->core, app->core_thread, transport, resolver)) <
            0 ||
        (r = peal_sip_core_config_set_settings(app->core, &settings)) < 0 ||
        (r = peal_sip_core_config_set_core_user(app->core, &app->user)) < 0 ||
        (r = peal_sip_core_config_startup(app->core)) < 0 ||
        (r = peal_sip_dispatcher_new(app->core, &accept, &app->dispatcher)) < 0 ||
        (r = make_kind(app, &app->in_mgr, &app->in_kind)) < 0) {
        return r;
    }
    return make_kind(app, &app->out_mgr, &app->out_kind);
}

static void on_abandon(peal_msg *msg)
{
    shut_down(app_of(msg), 0);
}

/* Not every thread could be started: what runs is shut down in order, and those that do not run are
 * lent the calling thread for it. */
static void abandon(struct b2bua *app)
{
    init_command(app, &app->start, "abandon", on_abandon);
    peal__command_post(&app->start);
    while (!is_over(app)) {
        for (size_t i = 0; i < app->thread_count; i++) {
            (void)peal_thread_activate_for(app->threads[i], 10, NULL); /* those that run refuse */
        }
    }
}

peal_result peal__stack_start(struct b2bua *app)
{
    static const char *const names[] = { "peal-core", "peal-transport", "peal-dns" };
    app->user.vt = &user_vt;
    app->incoming.vt = &incoming_vt;
    app->in_mgr.vt = &peal__leg_in_vt;
    app->out_mgr.vt = &peal__leg_out_vt;
    app->generic_mgr.vt = &peal__generic_vt;
    peal_list_init(&app->calls);
    peal_timer_init(&app->drain_timer, on_drain_time_over);
    init_command(app, &app->start, "start", on_start);
    init_command(app, &app->term, "term", on_term);
    init_command(app, &app->census, "census", on_census);
    peal_result r = make_threads(app);
    if (r >= 0) {
        r = make_stack(app);
    }
    if (r < 0) {
        return r;
    }
    /* The core thread last: until then nothing of the stack happens. */
    for (size_t i = app->thread_count; r >= 0 && i-- > 0 && app->options.mode != B2BUA_POLLED;) {
        r = peal_thread_activate(app->threads[i], names[i], 0, 0);
    }
    if (r < 0) {
        abandon(app);
        return r;
    }
    peal__command_post(&app->start);
    return PEAL_OK;
}

void peal__stack_free(struct b2bua *app)
{
    bool is_ready = false;
    peal_sip_context_template_unrefp(&app->in_kind);
    peal_sip_context_template_unrefp(&app->out_kind);
    peal_sip_dispatcher_free(app->dispatcher);
    peal_sip_core_config_unrefp(&app->core);
    for (size_t i = 0; i < app->thread_count; i++) {
        peal_thread_stop(app->threads[i]);
    }
    for (size_t i = 0; i < app->thread_count; i++) {
        if (peal_thread_join(app->threads[i]) == PEAL_E_STATE) {
            /* never activated, or polled: it ends on this thread */
            while (!is_ready && peal_thread_activate_for(app->threads[i], 10, &is_ready) >= 0) {
            }
            is_ready = false;
        }
    }
    while (app->thread_count) {
        peal_thread_unrefp(&app->threads[--app->thread_count]);
    }
}
