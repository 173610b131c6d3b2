/* SPDX-License-Identifier: MIT */
/* Generic service (U11): requests that no other service owns, in a dialog or outside. Core thread.
 * RFC 3261 §8.1, §8.2, §11, §12.2. */
#include "sipstack/useragent/useragent_priv.h"

typedef struct generic {
    peal_obj obj;
    peal_sip_generic face;
    peal_sip_service service;
    peal_sip_context *context; /* borrowed for life */
    peal__sip_user_agent *ua;  /* the same */
    peal_sip_generic_mgr *mgr; /* borrowed, NULL: none */
    bool cleared;
} generic;

const peal_iid peal_sip_generic_iid = { "peal.sip.generic/1", UINT64_C(0xb0f079dc6ad994e) };
const peal_clsid peal_sip_generic_clsid = { "peal.sip.generic", UINT64_C(0xf1549478af78526) };

enum { EVENT_PROGRESS = 1, EVENT_ANSWERED };

#define HEARS(g, fn)                                                                              \
    ((g)->mgr && !(g)->cleared && PEAL_VT_HAS(peal_sip_generic_mgr, (g)->mgr->vt, fn))

static generic *of_face(peal_sip_generic *self)
{
    return PEAL_IMPL(self, generic, face);
}

static generic *of_service(peal_sip_service *self)
{
    return PEAL_IMPL(self, generic, service);
}

static bool is_others(peal_sip_method method)
{
    return method == PEAL_SIP_METHOD_INVITE || method == PEAL_SIP_METHOD_ACK ||
           method == PEAL_SIP_METHOD_BYE || method == PEAL_SIP_METHOD_CANCEL ||
           method == PEAL_SIP_METHOD_PRACK;
}

/* ---- the interface ---- */

static peal_result new_request(peal_sip_generic *self, peal_sip_method method,
                               peal_str method_text, peal_sip_packet **ret)
{
    if (is_others(method) || (method == PEAL_SIP_METHOD_UNKNOWN && method_text.n == 0)) {
        return PEAL_E_ARGUMENT;
    }
    return peal__sip_user_agent_new_request(of_face(self)->ua, method, method_text, ret);
}

static peal_result send(peal_sip_generic *self, peal_sip_packet *request, void *opaque,
                        peal_sip_client_request **ret)
{
    generic *g = of_face(self);
    peal_result r = PEAL_OK;
    if (!request || is_others(peal_sip_packet_method(request))) {
        r = PEAL_E_ARGUMENT;
    } else if (g->cleared) {
        r = PEAL_E_SIP_CLEARED;
    } else if (!g->mgr) {
        r = PEAL_E_SIP_NO_MANAGER;
    }
    if (r < 0) {
        peal_sip_packet_unref(request);
        return r;
    }
    return peal_sip_send_request(g->context, &g->service, request, opaque, ret);
}

static peal_sip_context *context_of(peal_sip_generic *self)
{
    return of_face(self)->context;
}

static const peal_sip_generic_vt face_vt = {
    .unk = PEAL_UNK(generic, face),
    .new_request = new_request,
    .send = send,
    .context = context_of,
};

/* ---- the service ---- */

static peal_result attached(peal_sip_service *self, peal_sip_context *context)
{
    generic *g = of_service(self);
    g->context = context;
    return peal__sip_user_agent_of(context, &g->ua);
}

static void clear(peal_sip_service *self)
{
    generic *g = of_service(self);
    g->cleared = true;
    g->mgr = NULL;
}

/* K9: taking the manager away is clear for this service alone. */
static peal_result set_manager(peal_sip_service *self, void *manager)
{
    generic *g = of_service(self);
    if (!manager && g->mgr) {
        clear(self);
    }
    g->mgr = manager;
    return PEAL_OK;
}

static peal_result on_incoming_response(peal_sip_service *self, peal_sip_client_request *request,
                                        peal_sip_packet *response)
{
    generic *g = of_service(self);
    const unsigned status = peal_sip_packet_status(response);
    if (peal_sip_client_request_sender(request) != self || status <= 100 || g->cleared) {
        return PEAL_OK;
    }
    return peal_sip_queue_client_event(request, self,
                                       status < 200 ? EVENT_PROGRESS : EVENT_ANSWERED);
}

static void report_client_event(peal_sip_service *self, peal_sip_client_event_control *control,
                                unsigned code)
{
    generic *g = of_service(self);
    peal_sip_packet *response = peal_sip_client_event_control_response(control);
    if (code == EVENT_ANSWERED && HEARS(g, on_answered)) {
        g->mgr->vt->on_answered(g->mgr, &g->face, control, response);
    } else if (code == EVENT_PROGRESS && HEARS(g, on_progress)) {
        g->mgr->vt->on_progress(g->mgr, &g->face, control, response);
    } else {
        (void)peal_sip_client_event_control_call_next(control); /* K9: nobody listens */
    }
}

/* A PRACK that no service before this one took is the application's, as anything else. */
static bool owns(peal_sip_service *self, peal_sip_packet *request)
{
    const peal_sip_method method = peal_sip_packet_method(request);
    (void)self;
    return method == PEAL_SIP_METHOD_PRACK || !is_others(method);
}

static void manage_request(peal_sip_service *self, peal_sip_packet *request,
                           peal_sip_server_event_control *control)
{
    generic *g = of_service(self);
    if (HEARS(g, on_request)) {
        g->mgr->vt->on_request(g->mgr, &g->face, control, request);
    } else {
        (void)peal_sip_server_event_control_respond(control, 501, peal_str_of(NULL, 0));
    }
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(generic, service),
    .size = sizeof service_vt,
    .attached = attached,
    .set_manager = set_manager,
    .clear = clear,
    .on_incoming_response = on_incoming_response,
    .report_client_event = report_client_event,
    .owns = owns,
    .manage_request = manage_request,
};
static const peal_if_entry ifs[] = { PEAL_IF(peal_sip_generic, generic, face, face_vt),
                                     PEAL_IF(peal_sip_service, generic, service, service_vt),
                                     PEAL_IF_END };
const peal_class peal__sip_generic_class = {
    .struct_size = sizeof peal__sip_generic_class,
    .name = "peal.sip.generic",
    .size = sizeof(generic),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
};
