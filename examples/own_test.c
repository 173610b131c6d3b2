/* SPDX-License-Identifier: MIT */
/* A test of one's own service: a SIP server that answers OPTIONS, on a host of a simulated network,
 * and a scripted peer that asks it.
 *
 *   cc own_test.c $(pkg-config --cflags --libs peal-test peal-sip) -o own_test && ./own_test
 */
#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <peal/test/script.h>
#include <stdio.h>
#include <stdlib.h>

/* --- what is tested */
struct server {
    peal_sip_core_user user;
    peal_sip_dispatcher_mgr incoming;
    peal_thread *thread;
    peal_sip_core_config *core;
    peal_sip_dispatcher *dispatcher;
    unsigned asked;
    bool is_listening, is_down;
};

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    (void)core;
    peal_sip_dispatch(PEAL_IMPL(self, struct server, user)->dispatcher, packet);
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    (void)listener;
    (void)bound;
    (void)opaque;
    PEAL_IMPL(self, struct server, user)->is_listening = result >= 0;
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    (void)still_held;
    struct server *server = PEAL_IMPL(self, struct server, user);
    peal_sip_dispatcher_free(server->dispatcher);
    server->is_down = true;
}

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    PEAL_IMPL(self, struct server, incoming)->asked++;
    (void)peal_sip_core_respond(core, request, 200, peal_str_of(NULL, 0), NULL, NULL);
}

static const peal_sip_core_user_vt user_vt = { .size = sizeof user_vt,
                                               .on_packet = on_packet,
                                               .on_listening = on_listening,
                                               .on_shut_down = on_shut_down };
static const peal_sip_dispatcher_mgr_vt incoming_vt = { .size = sizeof incoming_vt,
                                                        .on_new_request = on_new_request };

static peal_result start(struct server *server, peal_port *port, peal_socket_addr *address)
{
    const peal_thread_options options = { .size = sizeof options, .port = port };
    const peal_sip_dispatcher_config accept = { .size = sizeof accept,
                                                .allow = PEAL_STR("OPTIONS"),
                                                .manager = &server->incoming };
    server->user.vt = &user_vt;
    server->incoming.vt = &incoming_vt;
    peal_result r = peal_thread_new(&options, &server->thread);
    if (r < 0 || (r = peal_sip_core_config_new(&server->core)) < 0 ||
        (r = peal_sip_core_config_set_threads(server->core, server->thread, server->thread,
                                              server->thread)) < 0 ||
        (r = peal_sip_core_config_set_core_user(server->core, &server->user)) < 0 ||
        (r = peal_sip_core_config_startup(server->core)) < 0 ||
        (r = peal_sip_dispatcher_new(server->core, &accept, &server->dispatcher)) < 0) {
        return r;
    }
    return peal_sip_core_config_listen(server->core, PEAL_SIP_TRANSPORT_UDP, address, NULL);
}

static bool is_listening(void *server)
{
    return ((struct server *)server)->is_listening;
}

static bool is_down(void *server)
{
    return ((struct server *)server)->is_down;
}

/* --- the test */
static const char script[] = "peer alice\n"
                             "repeat 20\n"
                             "alice sends OPTIONS new to [server]\n"
                             "    Max-Forwards: 1\n"
                             "alice expects 200/OPTIONS\n"
                             "    To: *;tag=*\n"
                             "end\n";

static peal_result command_server(void *arg, peal_test_script *played, const char *words)
{
    (void)words;
    peal_test_script_set_address(played, "server", arg);
    return PEAL_OK;
}

int main(void)
{
    struct server server = { .asked = 0 };
    peal_socket_addr address;
    char text[sizeof script + 16];
    const peal_test_command command = { "server", command_server, &address };
    const peal_test_play_options options = { .size = sizeof options, .commands = &command,
                                             .command_count = 1 };
    peal_test_net *net = peal_test_net_new(1);
    /* Keys that tags are made with come from the seed too. */
    if (peal_init_with(peal_test_net_port(net, "server")) < 0 || peal_sip_init() < 0) {
        return EXIT_FAILURE;
    }
    (void)peal_sim_host_address(peal_test_net_host(net, "server"), 0, &address);
    address.port = 5060;
    if (start(&server, peal_test_net_port(net, "server"), &address) < 0 ||
        peal_test_net_run(net, 1000, is_listening, &server) != PEAL_OK) {
        return EXIT_FAILURE;
    }
    (void)snprintf(text, sizeof text, "server\n%s", script);
    char *failure = peal_test_play(net, "own_test", text, &options);
    puts(failure ? failure : "the test has passed");
    (void)peal_sip_core_config_shutdown(server.core, 0, 0);
    (void)peal_test_net_run(net, 60000, is_down, &server);
    peal_sip_core_config_unrefp(&server.core);
    peal_thread_unref(server.thread);
    int status = failure || server.asked != 20 ? EXIT_FAILURE : EXIT_SUCCESS;
    free(failure);
    if (peal_sip_fini() < 0 || peal_fini() < 0) {
        status = EXIT_FAILURE;
    }
    peal_test_net_free(net);
    return status;
}
