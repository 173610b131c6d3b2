/* SPDX-License-Identifier: MIT */
/* The services of the core's tests. See core_world.h. */
#include "core_world.h"

#include <stdio.h>

const peal_iid test_agent_iid = { "test.agent/1", 0 };
const peal_iid test_way_iid = { "test.way/1", 0 };
const peal_clsid test_agent_clsid = { "test.agent", 0 };
const peal_clsid test_helper_clsid = { "test.helper", 0 };
const peal_clsid test_way_clsid = { "test.way", 0 };

/* ---- test.agent ---- */

typedef struct agent {
    peal_obj obj;
    test_agent face;
    peal_sip_service service;
    peal_sip_context *context;
    hooks *hooks;
    uint32_t cseq;
    bool cleared;
} agent;

static agent *agent_of(peal_sip_service *self)
{
    return PEAL_IMPL(self, agent, service);
}

static peal_sip_context *agent_context(test_agent *self)
{
    return PEAL_IMPL(self, agent, face)->context;
}

static peal_result agent_attached(peal_sip_service *self, peal_sip_context *context)
{
    agent_of(self)->context = context;
    return PEAL_OK;
}

static peal_result agent_set_manager(peal_sip_service *self, void *manager)
{
    agent_of(self)->hooks = manager;
    return PEAL_OK;
}

static void agent_clear(peal_sip_service *self)
{
    agent_of(self)->cleared = true;
    agent_of(self)->hooks = NULL;
}

static peal_result agent_outgoing(peal_sip_service *self, peal_sip_packet *request,
                                  peal_sip_client_request *handle)
{
    agent *a = agent_of(self);
    char cseq[32], call_id[64];
    (void)handle;
    if (a->hooks && a->hooks->refuse_outgoing < 0) {
        return a->hooks->refuse_outgoing;
    }
    if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_ACK) {
        a->cseq++;
    }
    const peal_str method = peal_sip_packet_method_text(request);
    (void)snprintf(cseq, sizeof cseq, "%u %.*s", (unsigned)a->cseq, PEAL_STR_ARG(method));
    (void)snprintf(call_id, sizeof call_id, "%p@test", (void *)a);
    peal_result r = peal_sip_packet_add(request, PEAL_SIP_HEADER_FROM,
                                        PEAL_STR("<sip:a@example.com>;tag=from"));
    if (r >= 0) {
        r = peal_sip_packet_add(request, PEAL_SIP_HEADER_TO, PEAL_STR("<sip:b@example.com>"));
    }
    if (r >= 0) {
        r = peal_sip_packet_add(request, PEAL_SIP_HEADER_CALL_ID, peal_str_z(call_id));
    }
    if (r >= 0) {
        r = peal_sip_packet_add(request, PEAL_SIP_HEADER_CSEQ, peal_str_z(cseq));
    }
    return r < 0 ? r : peal_sip_packet_set_number(request, PEAL_SIP_HEADER_MAX_FORWARDS, 70);
}

static peal_result agent_response(peal_sip_service *self, peal_sip_client_request *request,
                                  peal_sip_packet *response)
{
    ck_assert_int_gt(peal_sip_packet_status(response), 100);
    return peal_sip_queue_client_event(request, self, EVENT_AGENT);
}

static peal_result agent_route(peal_sip_service *self, peal_sip_client_request *request,
                               peal_sip_packet *response, peal_sip_context **ret)
{
    agent *a = agent_of(self);
    (void)request;
    (void)response;
    if (a->hooks && a->hooks->route_to) {
        *ret = peal_sip_context_ref(a->hooks->route_to);
    }
    return PEAL_OK;
}

static void report(hooks *h, peal_sip_client_event_control *control, unsigned code)
{
    if (h && h->on_event) {
        h->on_event(h, control, code);
    } else {
        (void)peal_sip_client_event_control_call_next(control);
    }
}

static void agent_report(peal_sip_service *self, peal_sip_client_event_control *control,
                         unsigned code)
{
    ck_assert(!agent_of(self)->cleared); /* nothing is reported after clear */
    report(agent_of(self)->hooks, control, code);
}

static void agent_ended(peal_sip_service *self, peal_sip_client_request *request)
{
    ck_assert(!agent_of(self)->cleared);
    ck_assert_ptr_eq(peal_sip_client_request_sender(request), self);
    if (agent_of(self)->hooks) {
        agent_of(self)->hooks->ended++;
    }
}

static bool agent_owns(peal_sip_service *self, peal_sip_packet *request)
{
    (void)self;
    return peal_sip_packet_method(request) != PEAL_SIP_METHOD_UNKNOWN;
}

static void agent_manage(peal_sip_service *self, peal_sip_packet *request,
                         peal_sip_server_event_control *control)
{
    hooks *h = agent_of(self)->hooks;
    if (h && h->on_request) {
        h->on_request(h, request, control);
    } else if (control) {
        (void)peal_sip_server_event_control_respond(control, 501, absent());
    }
}

static void agent_cancelled(peal_sip_service *self, peal_sip_server_event_control *control,
                            peal_sip_packet *cancel)
{
    hooks *h = agent_of(self)->hooks;
    ck_assert_int_eq(peal_sip_packet_method(cancel), PEAL_SIP_METHOD_CANCEL);
    (void)peal_sip_server_event_control_respond(control, 487, absent());
    if (h && h->on_cancelled) {
        h->on_cancelled(h, control);
    }
}

static void agent_server_ended(peal_sip_service *self, peal_sip_server_event_control *control,
                               peal_result result)
{
    (void)control;
    (void)result;
    if (agent_of(self)->hooks) {
        agent_of(self)->hooks->server_ended++;
    }
}

static const test_agent_vt agent_face_vt = { .unk = PEAL_UNK(agent, face),
                                             .context = agent_context };
static const peal_sip_service_vt agent_vt = {
    .unk = PEAL_UNK(agent, service),
    .size = sizeof agent_vt,
    .attached = agent_attached,
    .set_manager = agent_set_manager,
    .clear = agent_clear,
    .on_outgoing_request = agent_outgoing,
    .on_incoming_response = agent_response,
    .route_response = agent_route,
    .report_client_event = agent_report,
    .on_request_ended = agent_ended,
    .owns = agent_owns,
    .manage_request = agent_manage,
    .on_cancelled = agent_cancelled,
    .on_server_request_ended = agent_server_ended,
};
static const peal_if_entry agent_ifs[] = { PEAL_IF(test_agent, agent, face, agent_face_vt),
                                           PEAL_IF(peal_sip_service, agent, service, agent_vt),
                                           PEAL_IF_END };
static const peal_class agent_class = { .struct_size = sizeof agent_class,
                                        .name = "test.agent",
                                        .size = sizeof(agent),
                                        .flags = PEAL_CLASS_ONE_THREAD,
                                        .ifs = agent_ifs };

/* ---- test.helper ---- */

typedef struct helper {
    peal_obj obj;
    peal_sip_service service;
    hooks *hooks;
} helper;

static peal_result helper_attached(peal_sip_service *self, peal_sip_context *context)
{
    (void)self;
    (void)context;
    return PEAL_OK;
}

static peal_result helper_set_manager(peal_sip_service *self, void *manager)
{
    PEAL_IMPL(self, helper, service)->hooks = manager;
    return PEAL_OK;
}

static peal_result helper_response(peal_sip_service *self, peal_sip_client_request *request,
                                   peal_sip_packet *response)
{
    (void)response;
    return peal_sip_queue_client_event(request, self, EVENT_HELPER);
}

static void helper_report(peal_sip_service *self, peal_sip_client_event_control *control,
                          unsigned code)
{
    report(PEAL_IMPL(self, helper, service)->hooks, control, code);
}

static const peal_sip_service_vt helper_vt = {
    .unk = PEAL_UNK(helper, service),
    .size = sizeof helper_vt,
    .attached = helper_attached,
    .set_manager = helper_set_manager,
    .on_incoming_response = helper_response,
    .report_client_event = helper_report,
};
static const peal_if_entry helper_ifs[] = { PEAL_IF(peal_sip_service, helper, service, helper_vt),
                                            PEAL_IF_END };
static const peal_class helper_class = { .struct_size = sizeof helper_class,
                                         .name = "test.helper",
                                         .size = sizeof(helper),
                                         .flags = PEAL_CLASS_ONE_THREAD,
                                         .ifs = helper_ifs };

/* ---- test.way ---- */

enum { HOSTS = 8 };

typedef struct way {
    peal_obj obj;
    test_way face;
    peal_sip_service service;
    peal_sip_context *context;
    hooks *hooks;
    peal_socket_addr hosts[HOSTS];
    size_t count;
    bool pending;
    peal_sip_try *waiting;
} way;

static way *way_impl(peal_sip_service *self)
{
    return PEAL_IMPL(self, way, service);
}

static void way_add_host(test_way *self, const peal_socket_addr *address)
{
    way *w = PEAL_IMPL(self, way, face);
    ck_assert_uint_lt(w->count, HOSTS);
    w->hosts[w->count++] = *address;
}

static void way_set_pending(test_way *self, bool pending)
{
    PEAL_IMPL(self, way, face)->pending = pending;
}

static peal_result way_give(way *w, peal_sip_try *t)
{
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < w->count; i++) {
        const bool stream = w->hosts[i].port == WAY_STREAM_PORT;
        const peal_sip_host host = { w->hosts[i],
                                     stream ? PEAL_SIP_TRANSPORT_TCP : PEAL_SIP_TRANSPORT_UDP };
        r = peal_sip_try_add_host(t, &host);
    }
    return r;
}

static void way_finish(test_way *self, peal_result result)
{
    way *w = PEAL_IMPL(self, way, face);
    peal_sip_try *t = w->waiting;
    ck_assert_ptr_nonnull(t);
    w->waiting = NULL;
    peal_sip_select_done(t, result < 0 ? result : way_give(w, t));
}

static peal_result way_attached(peal_sip_service *self, peal_sip_context *context)
{
    way_impl(self)->context = context;
    return PEAL_OK;
}

static peal_result way_set_manager(peal_sip_service *self, void *manager)
{
    way_impl(self)->hooks = manager;
    return PEAL_OK;
}

static peal_result way_select(peal_sip_service *self, peal_sip_try *t)
{
    way *w = way_impl(self);
    if (!w->pending) {
        return way_give(w, t);
    }
    ck_assert_ptr_null(w->waiting);
    w->waiting = t;
    return PEAL_I_PENDING;
}

static peal_result way_on_try(peal_sip_service *self, peal_sip_try *t)
{
    char branch[16];
    peal_sip_core_token(peal_sip_context_core(way_impl(self)->context), branch, sizeof branch);
    const peal_str parts[] = { PEAL_STR("SIP/2.0/UDP "), t->local.host,
                               PEAL_STR(";branch=" PEAL_SIP_BRANCH_COOKIE),
                               peal_str_of(branch, sizeof branch) };
    return peal_sip_packet_pushv(t->packet, PEAL_SIP_HEADER_VIA, parts, PEAL_COUNT_OF(parts));
}

static void way_try_ended(peal_sip_service *self, peal_sip_try *t, peal_result result)
{
    hooks *h = way_impl(self)->hooks;
    (void)t;
    if (h) {
        h->tries_ended++;
        h->try_result = result;
    }
}

static void way_clear(peal_sip_service *self)
{
    ck_assert_ptr_null(way_impl(self)->waiting);
    way_impl(self)->hooks = NULL;
}

static const test_way_vt way_face_vt = { .unk = PEAL_UNK(way, face),
                                         .add_host = way_add_host,
                                         .set_pending = way_set_pending,
                                         .finish = way_finish };
static const peal_sip_service_vt way_vt = {
    .unk = PEAL_UNK(way, service),
    .size = sizeof way_vt,
    .attached = way_attached,
    .set_manager = way_set_manager,
    .clear = way_clear,
    .select = way_select,
    .on_try = way_on_try,
    .on_try_ended = way_try_ended,
};
static const peal_if_entry way_ifs[] = { PEAL_IF(test_way, way, face, way_face_vt),
                                         PEAL_IF(peal_sip_service, way, service, way_vt),
                                         PEAL_IF_END };
static const peal_class way_class = { .struct_size = sizeof way_class,
                                      .name = "test.way",
                                      .size = sizeof(way),
                                      .flags = PEAL_CLASS_ONE_THREAD,
                                      .ifs = way_ifs };

/* ---- use ---- */

void register_services(void)
{
    ck_assert_int_ge(peal_class_register(&test_agent_clsid, &agent_class), 0);
    ck_assert_int_ge(peal_class_register(&test_helper_clsid, &helper_class), 0);
    ck_assert_int_ge(peal_class_register(&test_way_clsid, &way_class), 0);
}

peal_sip_service *agent_service(peal_sip_context *context)
{
    test_agent *face = NULL;
    ck_assert_int_eq(test_agent_query(&context->unk, &face), PEAL_OK);
    test_agent_unref(face);
    return &PEAL_IMPL(face, agent, face)->service;
}

peal_result send_request(peal_sip_context *context, peal_sip_method method, void *opaque,
                         peal_sip_client_request **ret)
{
    peal_sip_packet *packet = NULL;
    peal_result r = peal_sip_packet_new_request(
        peal_sip_core_pool(peal_sip_context_core(context)), method, absent(),
        PEAL_STR("sip:b@example.com"), &packet);
    return r < 0 ? r
                 : peal_sip_send_request(context, agent_service(context), packet, opaque, ret);
}
