/* SPDX-License-Identifier: MIT */
/* Calls a SIP URI and hangs up when it is answered:  ./call 192.0.2.1 sip:bob@192.0.2.7:5060 */
#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <stdio.h>

static const char *target;
static bool over;
static int status = 1; /* until somebody answered */

static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    peal_result r;
    (void)self, (void)control;
    printf("answered with %u, hanging up\n", peal_sip_packet_status(response));
    if ((r = peal_sip_session_ack(session, NULL)) < 0 ||
        (r = peal_sip_session_bye(session, NULL, NULL, NULL)) < 0) {
        fprintf(stderr, "call: %s\n", peal_result_text(r));
        return;
    }
    status = 0;
}
static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    const peal_str reason = peal_sip_packet_reason(response);
    const peal_result local = peal_sip_client_event_control_local_result(control);
    (void)self, (void)session;
    fprintf(stderr, "call: no answer: %u %.*s%s%s\n", peal_sip_packet_status(response),
            PEAL_STR_ARG(reason), local < 0 ? ": " : "", local < 0 ? peal_result_text(local) : "");
    (void)peal_sip_client_event_control_clear_events(control); /* on_ended follows */
}
static void on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                     peal_sip_session_end why)
{
    peal_sip_context *context = peal_sip_session_context(session);
    (void)self, (void)why;
    peal_sip_context_clear(context); /* nothing is reported after this */
    peal_sip_context_unref(context);
    over = true;
}
static const peal_sip_session_mgr_vt call_vt = { sizeof call_vt, .on_success = on_success,
                                                 .on_failure = on_failure, .on_ended = on_ended };
static peal_sip_session_mgr call = { &call_vt };

static void on_listening(peal_sip_core_user *self, peal_result r, uint32_t listener,
                         const peal_socket_addr *bound, void *stack)
{
    peal_sip_context *context;
    peal_sip_user_agent *agent;
    peal_sip_session *session;
    peal_sip_user_agent_params who = { sizeof who, .local = PEAL_STR("<sip:alice@example.com>"),
                                       .remote = peal_str_z(target), .target = peal_str_z(target) };
    (void)self, (void)listener, (void)bound;
    if (r < 0 || (r = peal_sip_context_new(stack, &context)) < 0 ||
        (r = peal_sip_context_attach(context, &peal_sip_user_agent_clsid, NULL)) < 0 ||
        (r = peal_sip_context_attach(context, &peal_sip_session_clsid, &call)) < 0 ||
        (r = peal_sip_context_attach_connection_services(context)) < 0 ||
        (r = peal_sip_user_agent_query(&context->unk, &agent)) < 0 ||
        (r = peal_sip_session_query(&context->unk, &session)) < 0 ||
        (r = peal_sip_user_agent_configure(agent, &who)) < 0 ||
        (r = peal_sip_session_invite(session, NULL, NULL, NULL)) < 0) {
        fprintf(stderr, "call: %s\n", peal_result_text(r));
        over = true;
        return;
    }
    peal_sip_user_agent_unref(agent); /* the context keeps its services alive */
    peal_sip_session_unref(session);
}
static const peal_sip_core_user_vt user_vt = { sizeof user_vt, .on_listening = on_listening };
static peal_sip_core_user user = { &user_vt };

int main(int argc, char **argv)
{
    peal_thread *thread;
    peal_sip_core_config *stack;
    peal_socket_addr here;
    target = argc == 3 ? argv[2] : "";
    if (argc != 3 || peal_init() < 0 || peal_sip_init() < 0 || peal_thread_new(NULL, &thread) < 0 ||
        peal_sip_core_config_new(&stack) < 0 ||
        peal_sip_core_config_set_threads(stack, thread, thread, NULL) < 0 ||
        peal_sip_core_config_set_core_user(stack, &user) < 0 ||
        peal_sip_core_config_startup(stack) < 0 ||
        peal_socket_addr_parse(peal_str_z(argv[1]), 0, &here) < 0 ||
        peal_sip_core_config_listen(stack, PEAL_SIP_TRANSPORT_UDP, &here, stack) < 0) {
        fprintf(stderr, "usage: call LOCAL-ADDRESS SIP-URI\n");
        return 2;
    }
    while (!over && peal_thread_activate_for(thread, 100, NULL) >= 0) {
    }
    return over ? status : 1; /* place_call.c shows an orderly shutdown */
}
