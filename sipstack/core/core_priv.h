/* SPDX-License-Identifier: MIT */
/* What the files of the core share, and the little that useragent's initialiser needs of it.
 * Everything here is the core thread's.
 *
 * Who owns whom: the application counts the stack (core config), contexts, request handles and
 * controls. A context, a request and a control each count the stack. A context lists its open
 * requests without counting them; an open request counts itself until it is over. Only what must go
 * on after the context's clear (a selection under way, an INVITE waiting for its end) counts the
 * context, as its *guest*. */
#ifndef PEAL_SIP_CORE_PRIV_H
#define PEAL_SIP_CORE_PRIV_H

#include "sipstack/transaction/transaction_priv.h"
#include <peal/sip/dialog_matcher.h>
#include <peal/sip/service.h>

typedef struct peal__core peal__core;
typedef struct peal__ctx peal__ctx;
typedef struct peal__template peal__template;
typedef struct peal__req peal__req;
typedef struct peal__try peal__try;
typedef struct peal__sel peal__sel;
typedef struct peal__cev peal__cev;
typedef struct peal__sreq peal__sreq;
typedef struct peal__seen peal__seen;

/* ---- the stack (core_config.c, core_shutdown.c, core_listen.c, local_address.c) ---- */

typedef enum peal__core_state {
    PEAL__CORE_NEW = 0,
    PEAL__CORE_RUNNING,
    PEAL__CORE_GRACE,   /* shutdown: contexts may end by themselves */
    PEAL__CORE_LINGER,  /* contexts are cleared; transactions may end by themselves */
    PEAL__CORE_CLOSING, /* transport is closing */
    PEAL__CORE_DOWN     /* may be started again */
} peal__core_state;

typedef struct peal__listener {
    peal_node node;
    uint32_t id;
    peal_sip_transport transport;
    peal_socket_addr bound;
} peal__listener;

typedef struct peal__local {
    peal_node node;
    peal_socket_addr address;
    peal_socket_addr *networks; /* in this block */
    uint8_t *prefix_bits;       /* in this block */
    size_t network_count;
    uint32_t entity;
    uint32_t automatic; /* the listener that added it, 0: the application did */
    peal_str host;      /* "host:port" as Via and Contact write it; in this block */
} peal__local;

struct peal__core {
    peal_obj obj;
    peal_sip_core_config config;
    peal__core_state state;
    peal_thread *thread, *transport_thread, *resolver_thread; /* counted */
    peal_sip_core_user *user;
    peal_sip_settings settings; /* defaults filled in */
    char *user_agent;           /* owns settings.user_agent */
    char *supported;            /* owns settings.supported */
    peal__sip_txn_layer *txns;
    peal__sip_transport *transport;
    peal_sip_dialog_matcher_list *matchers;
    peal_pool *pool; /* the core thread's */
    peal_node locals, removed_locals, listeners, contexts;
    size_t context_count;        /* alive */
    size_t open_context_count;   /* not cleared */
    size_t request_count;        /* alive: open or held by somebody */
    size_t server_request_count; /* alive */
    peal_timer shutdown_timer;
    uint64_t linger_until_ms;
    uint32_t linger_ms;
    peal_msg finish;
    peal_sip_packet *offered; /* the request that the dispatcher's manager has now … */
    bool offered_taken;       /* … and whether it was answered or given to a context … */
    peal__seen *offered_seen; /* … and what the dispatcher remembers of it, or NULL */
};

peal_result peal__sip_core_init(void);
/* PEAL_E_LIVE_OBJECTS while a stack exists. */
peal_result peal__sip_core_fini(void);

PEAL_INLINE peal__core *peal__core_of(peal_sip_core_config *config)
{
    return PEAL_CONTAINER_OF(config, peal__core, config);
}
PEAL_INLINE bool peal__core_is_up(const peal__core *core)
{
    return core->state != PEAL__CORE_NEW && core->state != PEAL__CORE_DOWN;
}
/* A request or response was dealt with: tells the dispatcher. */
PEAL_INLINE void peal__core_taken(peal__core *core, const peal_sip_packet *packet)
{
    if (core->offered == packet) {
        core->offered_taken = true;
    }
}
/* The transaction layer's end (core_input.c). */
extern const peal__sip_txn_user peal__core_txn_user;
/* A context was cleared: shutdown may go on. */
void peal__core_context_cleared(peal__core *core);
/* Transport is down (txn user's on_shut_down). */
void peal__core_transport_down(peal__core *core);
peal_result peal__core_shutdown(peal__core *core, uint32_t grace_ms, uint32_t linger_ms);
peal_result peal__core_listen(peal__core *core, peal_sip_transport transport,
                              const peal_socket_addr *address, void *opaque);
peal_result peal__core_unlisten(peal__core *core, uint32_t listener, void *opaque);
void peal__core_free_listeners(peal__core *core);
peal_result peal__local_add(peal__core *core, const peal_sip_local_address *address,
                            uint32_t automatic);
peal_result peal__local_remove(peal__core *core, const peal_socket_addr *address);
/* A listener started or ended: adds its address as the default one, or takes it away (C1). */
peal_result peal__local_listener_up(peal__core *core, const peal__listener *listener);
void peal__local_listener_down(peal__core *core, uint32_t listener);
void peal__local_free_all(peal__core *core);
/* The local address that a packet came to; @p text holds the host when no local address is set. */
void peal__local_of_origin(peal__core *core, const peal_sip_origin *origin,
                           char text[PEAL_SOCKET_ADDR_TEXT_MAX], peal_sip_local *ret);
/* Puts User-Agent into a request or Server into a response, when set and not there yet. */
peal_result peal__core_sign(peal__core *core, peal_sip_packet *packet);

/* ---- contexts (context.c, context_template.c, service_order.c) ---- */

typedef enum peal__ctx_state {
    PEAL__CTX_LIVE = 0,
    PEAL__CTX_CLEARING, /* inside clear: what is owed is being sent */
    PEAL__CTX_CLEARED
} peal__ctx_state;

/* A service attached one by one. */
typedef struct peal__part {
    const peal_clsid *clsid;
    peal_obj *obj; /* its inner root is held */
    peal_sip_service *service;
} peal__part;

struct peal__ctx {
    peal_obj obj;
    peal_sip_context context;
    peal__core *core;         /* counted */
    peal__template *template; /* counted; NULL: made without one */
    peal__part *extra;        /* services attached beside those of the template */
    void *opaque;
    peal_sip_host way; /* by which the peer's first INVITE came, or the last one of ours went */
    peal_node node;            /* core->contexts */
    peal_node requests;        /* open client requests, in the order they were sent */
    peal_node selecting;       /* those that have no way yet: the first is asked for, others wait */
    peal_node routed;          /* requests of other contexts that are reported here (C11) */
    peal_node server_requests; /* that have no final response yet, or whose end is awaited */
    uint32_t entity;
    uint32_t guests;      /* what still needs the connection services after clear */
    uint32_t request_count;        /* client requests without a final response */
    uint32_t server_request_count; /* server requests without one */
    uint16_t extra_count; /* of extra */
    uint16_t built;       /* services of the template that exist already */
    uint8_t state;        /* peal__ctx_state */
    bool ended;           /* connection services were cleared too */
    bool kicking;         /* requests that waited are being started */
};

PEAL_INLINE peal__ctx *peal__ctx_of(peal_sip_context *context)
{
    return PEAL_CONTAINER_OF(context, peal__ctx, context);
}
/* Makes the bare context; @p bytes of block, the rest behind it zeroed. */
peal_result peal__ctx_make(peal__core *core, size_t bytes, peal__ctx **ret);
/* Attached services, in attach order. Walk by index with the count asked anew each time: a service
 * may be attached in a callback. */
size_t peal__ctx_count(const peal__ctx *ctx);
peal_sip_service *peal__ctx_service(const peal__ctx *ctx, size_t index);
const peal_clsid *peal__ctx_clsid(const peal__ctx *ctx, size_t index);
/* Sets the manager and tells the service that it is in the context. */
peal_result peal__ctx_introduce(peal__ctx *ctx, peal_sip_service *service, void *manager);
void peal__ctx_clear(peal__ctx *ctx);
/* Counts something that goes on after clear, and lets it go. */
void peal__ctx_guest_in(peal__ctx *ctx);
void peal__ctx_guest_out(peal__ctx *ctx);
/* Starts the requests that waited for an earlier one to be selected. */
void peal__ctx_kick(peal__ctx *ctx);

/* One interface of a templated context: where it stands in the block (K10). */
peal_result peal__template_query(const peal__template *template, peal__ctx *ctx,
                                 const peal_iid *iid, void **ret);
size_t peal__template_count(const peal__template *template);
peal_sip_service *peal__template_service(const peal__template *template, const peal__ctx *ctx,
                                         size_t index);
const peal_clsid *peal__template_clsid(const peal__template *template, size_t index);
peal_obj *peal__template_obj(const peal__template *template, peal__ctx *ctx, size_t index);
void peal__template_unref(peal__template *template);

/* Where a class keeps its peal_sip_service. @return PEAL_OK, PEAL_E_NO_IF */
peal_result peal__class_service(const peal_class *cls, size_t *ret_offset);

/* May @p next be attached behind @p present? */
typedef const peal_clsid *peal__clsid_at(const void *list, size_t index);
peal_result peal__order_check(peal__clsid_at *at, const void *list, size_t count,
                              const peal_clsid *next);
/* Is everything there that these services need? @return PEAL_OK, PEAL_E_SIP_SERVICE_MISSING */
peal_result peal__order_complete(peal__clsid_at *at, const void *list, size_t count);

/* ---- stage 2: selection (selection.c) ---- */

/* Finds the ways of one request or ACK; lives as long as tries may follow. */
struct peal__sel {
    peal_sip_try try; /* what services see */
    peal__ctx *ctx;   /* borrowed; counted as a guest while pending */
    void *owner;
    void (*on_selected)(peal__sel *sel, peal_result result); /* after PEAL_I_PENDING only */
    peal_sip_packet *selected; /* the packet as select left it, for the tries after the first */
    peal_sip_host *hosts;
    size_t host_count, host_next, host_cap;
    size_t service; /* the next one to ask */
    peal_result done_result;
    bool asking, done_inside, pending, dead;
    peal_sip_host first_host; /* room for the usual single host */
};

/* Makes a selection for @p request. */
peal_result peal__sel_new(peal__ctx *ctx, peal_sip_client_request *request, void *owner,
                          void (*on_selected)(peal__sel *sel, peal_result result),
                          peal__sel **ret);
/* Asks the services for hosts, with a copy of @p packet.
 * @return PEAL_OK, PEAL_I_PENDING (on_selected follows), or why there is no way */
peal_result peal__sel_ask(peal__sel *sel, peal_sip_packet *packet);
/* Asks nobody: goes back to the host used last (K3: the host that challenged). */
peal_result peal__sel_again(peal__sel *sel, peal_sip_packet *packet);
bool peal__sel_has_more(const peal__sel *sel);
/* Prepares the next try: host, local address, Contact, Via. try.packet is ready to be sent. */
peal_result peal__sel_next(peal__sel *sel);
/* The same for a host that is known already (ACK by the way of its INVITE). */
peal_result peal__sel_use(peal__sel *sel, const peal_sip_host *host);
void peal__sel_route(const peal__sel *sel, peal__sip_route *ret);
/* No host can be found for where the peer wants to be reached, whatever else is tried. */
PEAL_INLINE bool peal__sel_is_lost(peal_result result)
{
    return result == PEAL_E_SIP_NO_TARGET || result == PEAL_E_NOT_BUILT_IN ||
           result == PEAL_E_SIP_NO_TRANSPORT || result == PEAL_E_SIP_URI_SCHEME;
}
/* Tells the services how the try that was sent last ended. */
void peal__sel_try_ended(peal__sel *sel, peal_result result);
/* Frees it; a pending one vanishes when its service is done. NULL allowed. */
void peal__sel_free(peal__sel *sel);

/* ---- client requests (client_*.c) ---- */

typedef enum peal__req_state {
    PEAL__REQ_SELECTING = 0, /* stage 2 is under way, or waits for an earlier request */
    PEAL__REQ_TRYING,        /* a try was sent, nothing came */
    PEAL__REQ_PROCEEDING,    /* a 1xx came */
    PEAL__REQ_CANCELLING,    /* the application cancelled; CANCEL is held back until a 1xx comes */
    PEAL__REQ_DONE,          /* a final response came; it may still be reported, or reissued */
    PEAL__REQ_OVER           /* nothing will be reported any more */
} peal__req_state;

/* One try: the owner of one client transaction. */
struct peal__try {
    peal_node node; /* req->tries */
    peal__req *req;
    peal__sip_client_txn *txn;
    peal_timer timer; /* K5: silence before the next host */
    bool abandoned;   /* another try took over, or the request is over */
    bool cancelled;   /* CANCEL was sent */
};

typedef struct peal__event {
    peal_sip_service *service;
    unsigned code;
} peal__event;

/* A client event control. */
struct peal__cev {
    peal_obj obj;
    peal_sip_client_event_control face;
    peal__req *req;            /* counted */
    peal_sip_packet *response; /* counted */
    peal_result local_result;
    bool decided;
};

enum { PEAL__EVENTS_INSIDE = 2 };

/* As many forks are told apart when nobody waits for their answers. */
enum { PEAL__ORPHAN_TAGS = 4 };

struct peal__req {
    peal_obj obj;
    peal_sip_client_request face;
    peal__core *core;         /* counted */
    peal__ctx *ctx;           /* NULL after its clear */
    peal__ctx *host_ctx;      /* an orphan's: counted as guest */
    peal_sip_service *sender; /* borrowed; NULL for an orphan */
    void *opaque;
    peal_node node; /* ctx->requests */
    peal_node sel_node;        /* ctx->selecting */
    peal_sip_packet *cache;    /* as its sender gave it: each issue starts from here (C7) */
    peal_sip_packet *template; /* after stage 1: each try starts from here */
    peal__sel *sel;
    peal_node tries;
    peal__try *current; /* the try that counts; NULL when none is alive */
    peal__try first;    /* room for the usual single try */
    char *cancel_reason;
    uint32_t cancel_reason_bytes;
    uint32_t cseq;
    uint64_t target_key; /* hash of Request-URI and top Route at selection */
    uint64_t orphan_tags[PEAL__ORPHAN_TAGS]; /* hashes of the To tags that got ACK and BYE */
    /* the response being reported */
    peal_sip_packet *response;
    peal__ctx *event_ctx;   /* whose services report it: counted when not ctx */
    peal_node event_node;   /* event_ctx->routed, when it is another context */
    peal__event *events;    /* events_inside, or a block */
    peal__event events_inside[PEAL__EVENTS_INSIDE];
    uint16_t event_count, event_next, event_cap;
    peal__cev *control;     /* given out and not decided yet */
    peal__cev first_control; /* room for the usual single control */
    bool first_control_used;
    /* responses that wait for the application's decision on an earlier one */
    peal_sip_packet *waiting_first, *waiting_last;
    peal_sip_packet *local_response; /* the local one, wherever it is now (not counted) */
    peal_result local_result;        /* why it was made */
    peal_timer memory_timer;         /* tries again what failed for want of memory */
    peal_msg later;                  /* reports a failure found inside a call of the application */
    peal_result later_result;
    uint16_t status; /* of the final response */
    uint8_t state;   /* peal__req_state */
    uint8_t method;  /* peal_sip_method */
    uint8_t reissues;
    uint8_t orphan_byes; /* sent for unwanted 2xx */
    uint8_t memory_tries; /* that failed, of what waits for memory */
    bool waits;       /* in SELECTING: for an earlier request */
    bool reported;    /* a provisional response went to the services */
    bool handling;    /* inside on_incoming_response: events may be queued */
    bool pumping;     /* events are being reported */
    bool later_posted;
    bool answer_owed; /* the local response could not be made yet: memory was exhausted */
    bool event_owed;  /* an event could not be reported yet, for the same reason */
    bool orphan;      /* nobody hears of it any more */
    bool routed;      /* a response of it went to another context */
    bool cancel_wanted; /* by the application */
    bool cleared;     /* by its context's clear, before it was over */
    bool ended;       /* only the handle is left */
    bool counted;     /* in its context's number */
};

PEAL_INLINE peal__req *peal__req_of(peal_sip_client_request *request)
{
    return PEAL_CONTAINER_OF(request, peal__req, face);
}
/* Makes a request of @p packet (reference taken on success only); not started. */
peal_result peal__req_new(peal__ctx *ctx, peal_sip_service *sender, peal_sip_packet *packet,
                          void *opaque, peal__req **ret);
/* Stage 1: makes the template; on failure the former one stays. */
peal_result peal__req_stage_one(peal__req *req);
/* Stage 2 as far as it goes. Failures are reported later. */
void peal__req_start(peal__req *req, bool same_host);
/* Sends to the next host that a packet can be sent to; the last failure when there is none. */
peal_result peal__req_next_try(peal__req *req);
/* Memory is out: peal__req_on_memory_timer() goes on soon. False: that was tried often enough. */
bool peal__req_wait_for_memory(peal__req *req);
void peal__req_on_memory_timer(peal_timer *timer);
/* A try ended without an answer: next host, or a local response. */
void peal__req_try_failed(peal__req *req, peal_result result);
/* The final response of @p try counts: the others are given up. */
void peal__req_conclude(peal__req *req, peal__try *try, unsigned status);
void peal__req_abandon(peal__req *req, peal__try *try);
/* Sends CANCEL on a try that got a 1xx; once. */
void peal__req_cancel_try(peal__req *req, peal__try *try);
/* The try's transaction is gone or let go. */
void peal__req_try_free(peal__try *try);
void peal__req_try_detach(peal__try *try);
/* All reported: shrinks (an INVITE in Accepted) or ends. */
void peal__req_settle(peal__req *req);
/* It has no final response yet, or has one. */
void peal__req_count(peal__req *req);
void peal__req_uncount(peal__req *req);
/* Out of its context's lists. */
void peal__req_unlist(peal__req *req);
/* Ends the request for good; its own reference goes. */
void peal__req_end(peal__req *req);
extern const peal__sip_client_txn_owner peal__req_txn_owner;

/* The way of a response in. Takes the reference. */
void peal__req_on_response(peal__try *try, peal_sip_packet *response);
/* Hands a final response (a local one too) to the services, or lets it wait. Takes the
 * reference. */
void peal__req_deliver(peal__req *req, peal_sip_packet *response);
/* Makes the local response for @p result and delivers it. */
void peal__req_answer_locally(peal__req *req, peal_result result);
/* Passes a response through the services of a context. */
void peal__req_run_chain(peal__req *req, peal__ctx *ctx, peal_sip_packet *response);
/* Starts with the next waiting response. */
bool peal__req_take_waiting(peal__req *req);
void peal__req_drop_waiting(peal__req *req);

/* Reports queued events until one is kept undecided. */
void peal__req_pump(peal__req *req);
/* Drops what is queued and the response being reported. */
void peal__req_drop_events(peal__req *req);
/* The context that reports is being cleared: as if the application had said clear client events. */
void peal__req_unroute(peal__req *req);

/* The context is cleared: the request goes on alone, or ends. */
void peal__req_orphan(peal__req *req);
void peal__req_orphan_response(peal__try *try, peal_sip_packet *response);
/* A 2xx that nobody wants (K5): ACK and BYE. Borrowed. */
void peal__req_refuse_success(peal__req *req, peal_sip_packet *response);

/* ---- server requests (server_request.c), resends (resend.c) ---- */

struct peal__sreq {
    peal_obj obj;
    peal_sip_server_event_control face;
    peal__core *core; /* counted */
    peal__ctx *ctx;   /* NULL after its clear */
    peal_node node;   /* ctx->server_requests */
    peal__sip_server_txn *txn;
    peal_sip_packet *request; /* until the final response is sent */
    peal_sip_service *manager;
    uintptr_t opaque;
    uint16_t status;  /* of the last response sent, 0: none */
    bool is_invite;
    bool held;        /* its own reference: the end of the transaction is awaited */
    bool cancelled;
    bool kept;        /* a kept response waits for its wire */
    bool counted;     /* in its context's number */
    peal__seen *seen; /* how the dispatcher knows a merged one (RFC 3261 §8.2.2.2), or NULL */
};

PEAL_INLINE peal__sreq *peal__sreq_of(peal_sip_server_event_control *control)
{
    return PEAL_CONTAINER_OF(control, peal__sreq, face);
}
/* The way of a request in. */
peal_result peal__sreq_handle(peal__ctx *ctx, peal_sip_packet *packet);
/* The context is cleared: answers what is open (K9). */
void peal__sreq_answer_open(peal__ctx *ctx);
void peal__sreq_detach_all(peal__ctx *ctx);
/* Nobody needs the transaction's end or its wire any more. */
void peal__sreq_let_go(peal__sreq *sreq);

/* ---- what the dispatcher remembers of a request (dispatcher.c) ---- */

/* A context takes the request that is offered; the pair part by peal__seen_over(). */
void peal__seen_taken(peal__seen *seen, peal__sreq *sreq);
/* Its final response is out, or (0) it is gone without. */
void peal__seen_over(peal__seen *seen, unsigned status);

/* Sends an ACK to 2xx by stage 2 alone. @p packet's reference is taken. */
peal_result peal__ack_send(peal__ctx *ctx, peal_sip_packet *packet, peal__req *invite,
                           peal_sip_resend **ret);

/* ---- what a request asks for (dispatcher.c) ---- */

/* Options as a header value. */
typedef struct peal__sip_options {
    size_t n;
    char text[512];
} peal__sip_options;

/* RFC 3261 §8.2.2.3: 0 when every option of Require is in @p supported ("a, b"), 420 with those
 * that are not (as many as there is room for) in @p ret, 400 when Require is malformed. */
unsigned peal__sip_check_require(peal_sip_packet *request, peal_str supported,
                                 peal__sip_options *ret);

#endif
