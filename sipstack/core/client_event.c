/* SPDX-License-Identifier: MIT */
/* Client events (C6): queued while a response passes the services, reported one by one, each with a
 * control that takes one decision. The service that sent the request reports last. Core thread. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

/* ---- the queue ---- */

static peal_obj *obj_of(peal_sip_service *service)
{
    return (peal_obj *)(void *)((char *)service + service->vt->unk.to_obj);
}

/* Its sender, or in a forked dialog's context the service of the same class. */
static bool is_sender(const peal__req *req, peal_sip_service *service)
{
    return service == req->sender ||
           (req->event_ctx != req->ctx && req->sender &&
            obj_of(service)->cls == obj_of(req->sender)->cls);
}

static peal_result make_room(peal__req *req)
{
    if (req->event_count < req->event_cap) {
        return PEAL_OK;
    }
    if (req->event_cap > 256) {
        return PEAL_E_LIMIT;
    }
    const uint16_t cap = (uint16_t)(2 * req->event_cap);
    peal__event *events = peal_pool_alloc(req->core->pool, cap * sizeof *events);
    if (!events) {
        return PEAL_E_NO_MEMORY;
    }
    memcpy(events, req->events, req->event_count * sizeof *events);
    if (req->events != req->events_inside) {
        peal_pool_free(req->events);
    }
    req->events = events;
    req->event_cap = cap;
    return PEAL_OK;
}

peal_result peal_sip_queue_client_event(peal_sip_client_request *request,
                                        peal_sip_service *service, unsigned code)
{
    peal__req *req = peal__req_of(request);
    if (!req->handling) {
        return PEAL_E_STATE;
    }
    peal_result r = make_room(req);
    if (r < 0) {
        return r;
    }
    /* Attach order comes by itself; only the sender's, should others stand behind it, goes last. */
    size_t at = req->event_count;
    while (at > 0 && !is_sender(req, service) && is_sender(req, req->events[at - 1].service)) {
        req->events[at] = req->events[at - 1];
        at--;
    }
    req->events[at] = (peal__event){ service, code };
    req->event_count++;
    return PEAL_OK;
}

/* The response is done with: the room is free for the next. */
static void end_response(peal__req *req)
{
    peal__ctx *ctx = req->event_ctx;
    req->event_count = req->event_next = 0;
    req->event_owed = false;
    if (req->events != req->events_inside) {
        peal_pool_free(req->events);
        req->events = req->events_inside;
        req->event_cap = PEAL__EVENTS_INSIDE;
    }
    if (req->response == req->local_response) {
        req->local_response = NULL;
    }
    req->response = peal_sip_packet_unref(req->response);
    req->event_ctx = NULL;
    if (peal_node_is_linked(&req->event_node)) {
        peal_node_unlink(&req->event_node);
        peal_sip_context_unref(&ctx->context);
    }
}

void peal__req_drop_events(peal__req *req)
{
    req->control = NULL;
    end_response(req);
}

/* ---- reporting ---- */

static peal__cev *control_new(peal__req *req);

/* False: there is no memory for the control; soon again. */
static bool report_next(peal__req *req)
{
    const peal__event event = req->events[req->event_next++];
    peal_sip_service *service = event.service;
    if (!PEAL_VT_HAS(peal_sip_service, service->vt, report_client_event)) {
        return true; /* an absent callback means: next (K9) */
    }
    peal__cev *control = control_new(req);
    if (!control && peal__req_wait_for_memory(req)) {
        req->event_next--;
        req->event_owed = true;
        return false;
    }
    if (!control) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_ERROR, req, "event lost: no memory");
        return true;
    }
    req->memory_tries = 0;
    req->control = control;
    service->vt->report_client_event(service, &control->face, event.code);
    peal_sip_client_event_control_unref(&control->face); /* not kept, not decided: clear events */
    return true;
}

/* Runs until all is reported or a control is kept undecided. A decision made inside a callback lets
 * this loop go on; one made later calls it again. */
void peal__req_pump(peal__req *req)
{
    if (req->pumping) {
        return;
    }
    (void)peal_sip_client_request_ref(&req->face);
    req->pumping = true;
    req->event_owed = false;
    do {
        while (!req->control && req->event_next < req->event_count && report_next(req)) {
        }
        if (req->control || req->event_owed) {
            break;
        }
        end_response(req);
    } while (peal__req_take_waiting(req));
    req->pumping = false;
    peal__req_settle(req);
    peal_sip_client_request_unref(&req->face);
}

/* ---- decisions ---- */

static peal__cev *cev_of(peal_sip_client_event_control *self)
{
    return PEAL_CONTAINER_OF(self, peal__cev, face);
}

/* A control counts while it is the one its request waits for. */
static peal_result check(const peal__cev *c)
{
    if (!PEAL_ON_THREAD(c->req->core->thread, "peal.sip.client_event_control")) {
        return PEAL_E_WRONG_THREAD;
    }
    if (c->req->cleared) {
        return PEAL_E_SIP_CLEARED;
    }
    if (c->decided) {
        return PEAL_E_SIP_DECIDED;
    }
    return c->req->control == c ? PEAL_OK : PEAL_E_SIP_CLEARED;
}

static void decide(peal__cev *c)
{
    c->decided = true;
    c->req->control = NULL;
}

static peal_result call_next(peal_sip_client_event_control *self)
{
    peal__cev *c = cev_of(self);
    peal__req *req = c->req;
    peal_result r = check(c);
    if (r < 0) {
        return r;
    }
    const bool more = req->event_next < req->event_count;
    decide(c);
    peal__req_pump(req);
    return more ? PEAL_OK : PEAL_E_SIP_NO_MORE_EVENTS;
}

static peal_result clear_events(peal_sip_client_event_control *self)
{
    peal__cev *c = cev_of(self);
    peal__req *req = c->req;
    peal_result r = check(c);
    if (r < 0) {
        return r;
    }
    req->event_next = req->event_count;
    decide(c);
    peal__req_pump(req);
    return PEAL_OK;
}

/* Sends the cached request again (C7): stage 1 runs once more over what its sender gave. */
static peal_result reissue(peal_sip_client_event_control *self)
{
    peal__cev *c = cev_of(self);
    peal__req *req = c->req;
    peal_result r = check(c);
    if (r < 0) {
        return r;
    }
    if (req->state != PEAL__REQ_DONE || req->status < 300 || !req->cache ||
        peal_sip_packet_status(c->response) < 300) {
        return PEAL_E_SIP_REISSUE;
    }
    if (req->reissues >= req->core->settings.max_reissues) {
        return PEAL_E_LIMIT;
    }
    if (req->ctx->state != PEAL__CTX_LIVE) {
        return PEAL_E_SIP_CLEARED;
    }
    r = peal__req_stage_one(req);
    if (r < 0) {
        return r; /* still undecided */
    }
    decide(c);
    peal__req_drop_waiting(req);
    peal__req_drop_events(req);
    const bool answered = req->local_result == PEAL_OK;
    req->local_result = PEAL_OK;
    req->reissues++;
    req->reported = false;
    req->cancel_wanted = false;
    req->state = PEAL__REQ_SELECTING;
    peal__req_count(req);
    peal__req_start(req, answered);
    return PEAL_OK;
}

static peal_sip_client_request *request_of(peal_sip_client_event_control *self)
{
    return &cev_of(self)->req->face;
}

static peal_sip_packet *response_of(peal_sip_client_event_control *self)
{
    return cev_of(self)->response;
}

static peal_result local_result_of(peal_sip_client_event_control *self)
{
    return cev_of(self)->local_result;
}

static const peal_sip_client_event_control_vt face_vt = {
    .unk = PEAL_UNK(peal__cev, face),
    .request = request_of,
    .response = response_of,
    .local_result = local_result_of,
    .reissue = reissue,
    .call_next = call_next,
    .clear_events = clear_events,
};

/* ---- the class ---- */

/* K9: released undecided it acts as clear client events. */
static void cev_fini(peal_obj *obj)
{
    peal__cev *c = (peal__cev *)(void *)obj;
    if (check(c) >= 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, c->req, "%s",
                   peal_result_text(PEAL_W_RELEASED_UNDECIDED));
        (void)clear_events(&c->face);
    }
}

static void cev_released(peal_obj *obj)
{
    peal__cev *c = (peal__cev *)(void *)obj;
    peal__req *req = c->req;
    peal_sip_packet_unref(c->response);
    if (c == &req->first_control) {
        req->first_control_used = false;
    } else {
        peal_pool_free(c);
    }
    peal_sip_client_request_unref(&req->face);
}

static const peal_if_entry cev_ifs[] = {
    PEAL_IF(peal_sip_client_event_control, peal__cev, face, face_vt), PEAL_IF_END
};
static const peal_class cev_class = {
    .struct_size = sizeof cev_class,
    .name = "peal.sip.client_event_control",
    .size = sizeof(peal__cev),
    .flags = PEAL_CLASS_BOUND | PEAL_CLASS_NO_AGGREGATION,
    .ifs = cev_ifs,
    .fini = cev_fini,
};

static peal__cev *control_new(peal__req *req)
{
    const bool inside = !req->first_control_used;
    peal__cev *c = inside ? &req->first_control : peal_pool_alloc(req->core->pool, sizeof *c);
    if (!c) {
        return NULL;
    }
    memset(c, 0, sizeof *c);
    if (peal_obj_new_at(&cev_class, NULL, c, cev_released) < 0) {
        if (!inside) {
            peal_pool_free(c);
        }
        return NULL;
    }
    if (inside) {
        req->first_control_used = true;
    }
    peal_obj_bind(&c->obj, req->core->thread);
    peal_obj_set_cleared(&c->obj);
    c->req = req;
    (void)peal_sip_client_request_ref(&req->face);
    c->response = peal_sip_packet_ref(req->response);
    c->local_result = req->response == req->local_response ? req->local_result : PEAL_OK;
    return c;
}

/* The context that reports is cleared: its controls count no more; the request goes on. */
void peal__req_unroute(peal__req *req)
{
    (void)peal_sip_client_request_ref(&req->face);
    peal__req_drop_events(req);
    peal__req_pump(req); /* inside a callback this does nothing: the loop goes on there */
    peal_sip_client_request_unref(&req->face);
}
