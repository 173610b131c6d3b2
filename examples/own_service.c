/* SPDX-License-Identifier: MIT */
/* A service of one's own: it puts an X-Ticket header into each request that leaves its context and
 * counts the responses that come back. It is registered under a CLSID and attached like any other
 * service.
 *
 *   cc own_service.c $(pkg-config --cflags --libs peal-sip) -o own_service && ./own_service
 */
#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <stdio.h>

/* --- the service's public face: what would be in its header */
PEAL_INTERFACE(ticket)
{
    peal_unk_vt unk;
    unsigned (*responses)(ticket *self);
};
const peal_iid ticket_iid = { "example.ticket/1", 0 };
static const peal_clsid ticket_clsid = { "example.ticket", 0 };

/* --- its inside */
struct ticket_impl {
    peal_obj obj;
    ticket face;
    peal_sip_service service;
    unsigned responses;
};

static unsigned ticket_responses(ticket *self)
{
    return PEAL_IMPL(self, struct ticket_impl, face)->responses;
}
static peal_result ticket_attached(peal_sip_service *self, peal_sip_context *context)
{
    (void)self;
    (void)context;
    return PEAL_OK;
}
static peal_result ticket_on_outgoing_request(peal_sip_service *self, peal_sip_packet *request,
                                              peal_sip_client_request *handle)
{
    (void)self;
    (void)handle;
    return peal_sip_packet_add_named(request, PEAL_STR("X-Ticket"), PEAL_STR("42"));
}
static peal_result ticket_on_incoming_response(peal_sip_service *self,
                                               peal_sip_client_request *request,
                                               peal_sip_packet *response)
{
    (void)request;
    (void)response;
    PEAL_IMPL(self, struct ticket_impl, service)->responses++;
    return PEAL_OK;
}

static const ticket_vt face_vt = { .unk = PEAL_UNK(struct ticket_impl, face),
                                   .responses = ticket_responses };
static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(struct ticket_impl, service),
    .size = sizeof service_vt,
    .attached = ticket_attached,
    .on_outgoing_request = ticket_on_outgoing_request,
    .on_incoming_response = ticket_on_incoming_response,
};
static const peal_if_entry ticket_ifs[] = {
    PEAL_IF(ticket, struct ticket_impl, face, face_vt),
    PEAL_IF(peal_sip_service, struct ticket_impl, service, service_vt), PEAL_IF_END
};
static const peal_class ticket_class = { .struct_size = sizeof ticket_class,
                                         .name = "example.ticket",
                                         .size = sizeof(struct ticket_impl),
                                         .flags = PEAL_CLASS_ONE_THREAD,
                                         .ifs = ticket_ifs };

/* --- an application that asks itself OPTIONS with the service attached */
struct app {
    peal_sip_core_user user;
    peal_sip_generic_mgr generic;
    peal_sip_core_config *stack;
    peal_sip_context *context;
    bool saw_ticket, over, down;
};

static void on_answered(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    (void)service;
    (void)control;
    printf("answered %u\n", peal_sip_packet_status(response));
    PEAL_IMPL(self, struct app, generic)->over = true;
}
static const peal_sip_generic_mgr_vt generic_vt = { .size = sizeof generic_vt,
                                                    .on_answered = on_answered };

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    peal_str value = peal_sip_packet_value_named(packet, PEAL_STR("X-Ticket"), 0);
    PEAL_IMPL(self, struct app, user)->saw_ticket = peal_str_eq(value, PEAL_STR("42"));
    printf("request with X-Ticket: %.*s\n", PEAL_STR_ARG(value));
    (void)peal_sip_core_respond(core, packet, 200, (peal_str){ NULL, 0 }, NULL, NULL);
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
        (r = peal_sip_context_attach(a->context, &ticket_clsid, NULL)) < 0 ||
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

int main(void)
{
    struct app a = { .user = { &user_vt }, .generic = { &generic_vt } };
    peal_thread *thread = NULL;
    ticket *face = NULL;
    peal_socket_addr any = { .family = PEAL_AF_NONE };
    unsigned responses = 0;
    bool ready = false;
    if (peal_init() < 0 || peal_sip_init() < 0 || peal_thread_new(NULL, &thread) < 0 ||
        peal_class_register(&ticket_clsid, &ticket_class) < 0 ||
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
        r = peal_thread_activate_for(thread, 20, NULL);
    }
    /* Any service of a context is found from the context. */
    if (a.context && ticket_query(&a.context->unk, &face) >= 0) {
        responses = face->vt->responses(face);
        ticket_unref(face);
    }
    if (a.context) {
        peal_sip_context_clear(a.context);
        peal_sip_context_unref(a.context);
    }
    if (peal_sip_core_config_shutdown(a.stack, 0, 0) >= 0) {
        while (!a.down && peal_thread_activate_for(thread, 20, NULL) >= 0) {
        }
    }
    peal_sip_core_config_unref(a.stack);
    peal_thread_stop(thread);
    while (!ready && peal_thread_activate_for(thread, 20, &ready) >= 0) {
    }
    peal_thread_unref(thread);
    printf("the service saw %u response(s)\n", responses);
    return peal_sip_fini() >= 0 && peal_fini() >= 0 && a.saw_ticket && responses == 1 ? 0 : 1;
}
