/* SPDX-License-Identifier: MIT */
/* Drives the stack from a program's own poll() loop: Peal is one descriptor and one deadline among
 * others. The program answers OPTIONS, asks itself one, and ends on "q" at standard input.
 *
 *   cc own_loop.c $(pkg-config --cflags --libs peal-sip) -o own_loop && ./own_loop </dev/null
 */
#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

struct app {
    peal_sip_core_user user;
    peal_sip_generic_mgr generic;
    peal_sip_core_config *stack;
    peal_sip_context *context;
    unsigned status;
    bool over, down;
};

static void on_answered(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct app *a = PEAL_IMPL(self, struct app, generic);
    (void)service;
    (void)control;
    a->status = peal_sip_packet_status(response);
    printf("OPTIONS was answered %u\n", a->status);
    a->over = true;
}
static const peal_sip_generic_mgr_vt generic_vt = { .size = sizeof generic_vt,
                                                    .on_answered = on_answered };

/* Requests outside of any dialog: OPTIONS is fine, all else is not for us. */
static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    bool options = peal_sip_packet_method(packet) == PEAL_SIP_METHOD_OPTIONS;
    (void)self;
    if (peal_sip_packet_method(packet) != PEAL_SIP_METHOD_ACK) {
        (void)peal_sip_core_respond(core, packet, options ? 200 : 501, (peal_str){ NULL, 0 }, NULL,
                                    NULL);
    }
}

static peal_result ask(struct app *a, const peal_socket_addr *to)
{
    char host[PEAL_SOCKET_ADDR_TEXT_MAX], uri[PEAL_SOCKET_ADDR_TEXT_MAX + 8];
    peal_sip_user_agent *agent = NULL;
    peal_sip_generic *generic = NULL;
    peal_sip_packet *request = NULL;
    peal_result r = peal_sip_context_new(a->stack, &a->context);
    if (r < 0 || (r = peal_sip_context_attach(a->context, &peal_sip_user_agent_clsid, NULL)) < 0 ||
        (r = peal_sip_context_attach(a->context, &peal_sip_generic_clsid, &a->generic)) < 0 ||
        (r = peal_sip_context_attach_connection_services(a->context)) < 0) {
        return r;
    }
    (void)peal_socket_addr_format(to, true, host);
    (void)snprintf(uri, sizeof uri, "sip:%s", host);
    const peal_sip_user_agent_params who = { .size = sizeof who,
                                             .local = PEAL_STR("<sip:me@example.com>"),
                                             .remote = peal_str_z(uri),
                                             .target = peal_str_z(uri) };
    if (r >= 0 && (r = peal_sip_user_agent_query(&a->context->unk, &agent)) >= 0 &&
        (r = peal_sip_user_agent_configure(agent, &who)) >= 0 &&
        (r = peal_sip_generic_query(&a->context->unk, &generic)) >= 0 &&
        (r = peal_sip_generic_new_request(generic, PEAL_SIP_METHOD_OPTIONS, (peal_str){ NULL, 0 },
                                          &request)) >= 0) {
        r = peal_sip_generic_send(generic, request, NULL, NULL);
    }
    peal_sip_user_agent_unref(agent);
    peal_sip_generic_unref(generic);
    return r;
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    struct app *a = PEAL_IMPL(self, struct app, user);
    (void)listener;
    (void)opaque;
    if (result < 0 || (result = ask(a, bound)) < 0) {
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

/* One turn of the program's own loop: its descriptors and Peal's in one poll(). */
static peal_result turn(struct app *a, peal_thread *thread)
{
    enum { MAX = 8 };
    int fds[MAX];
    short events[MAX];
    struct pollfd p[MAX + 1] = { { .fd = a->over ? -1 : STDIN_FILENO, .events = POLLIN } };
    nfds_t n = 1;
    size_t peal = peal_thread_pollfds(thread, fds, events, MAX);
    for (size_t i = 0; i < peal && i < MAX; i++) {
        p[n++] = (struct pollfd){ .fd = fds[i], .events = events[i] };
    }
    int64_t wait_ms = peal_thread_next_deadline_ms(thread);
    if (poll(p, n, wait_ms > 10000 ? 10000 : (int)wait_ms) > 0 && p[0].revents) {
        char c = 0;
        if (read(STDIN_FILENO, &c, 1) == 1 && c == 'q') {
            a->over = true;
        }
    }
    return peal_thread_activate_for(thread, 0, NULL);
}

int main(void)
{
    struct app a = { .user = { &user_vt }, .generic = { &generic_vt } };
    peal_thread *thread = NULL;
    peal_socket_addr any = { .family = PEAL_AF_NONE };
    bool ready = false;
    if (peal_init() < 0 || peal_sip_init() < 0 || peal_thread_new(NULL, &thread) < 0 ||
        peal_sip_core_config_new(&a.stack) < 0) {
        return 1;
    }
    peal_result r = peal_sip_core_config_set_threads(a.stack, thread, thread, NULL);
    if (r >= 0 && (r = peal_sip_core_config_set_core_user(a.stack, &a.user)) >= 0 &&
        (r = peal_sip_core_config_startup(a.stack)) >= 0 &&
        (r = peal_socket_addr_parse(PEAL_STR("127.0.0.1"), 0, &any)) >= 0) {
        r = peal_sip_core_config_listen(a.stack, PEAL_SIP_TRANSPORT_UDP, &any, NULL);
    }
    while (r >= 0 && !a.over) {
        r = turn(&a, thread);
    }
    if (a.context) {
        peal_sip_context_clear(a.context);
        peal_sip_context_unref(a.context);
    }
    if (peal_sip_core_config_shutdown(a.stack, 0, 0) >= 0) {
        while (!a.down && turn(&a, thread) >= 0) {
        }
    }
    peal_sip_core_config_unref(a.stack);
    peal_thread_stop(thread);
    while (!ready && peal_thread_activate_for(thread, 20, &ready) >= 0) {
    }
    peal_thread_unref(thread);
    return peal_sip_fini() >= 0 && peal_fini() >= 0 && r >= 0 && a.status == 200 ? 0 : 1;
}
