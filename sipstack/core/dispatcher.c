/* SPDX-License-Identifier: MIT */
/* The ready-made way for requests that match nothing (C12): a user agent server's checks in the
 * order of RFC 3261 §8.2, as one table of functions; what passes them all goes to the application.
 * Core thread. Rejections need no state: the same request gets the same answer (§8.2.7). */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

/* A request that a context took: while it is not refused, the same one by another path is merged.
 * That one comes within moments; an INVITE's transaction may last longer than this is remembered,
 * but no request is still on its way then (64*T1 is when its sender gives up). Whoever was refused
 * may try again by another way, as a proxy does after a 503: that is no merged request. */
struct peal__seen {
    peal_hash_node node;
    peal_node age; /* oldest first */
    peal_sip_dispatcher *dispatcher;
    peal__sreq *sreq; /* until its final response */
    uint64_t until_ms;
    uint64_t key[2];      /* of From tag, Call-ID and CSeq */
    uint64_t branch_hash; /* of the top Via */
    bool offered;         /* to the manager, now */
    bool taken;           /* by a context, and not refused */
};

enum { SEEN_MAX = 1 << 18 };

struct peal_sip_dispatcher {
    peal__core *core; /* counted */
    peal_sip_dispatcher_mgr *manager;
    peal_str allow, supported, accept; /* in this block */
    peal_hash_table seen;
    peal_node seen_ages;
    peal_timer timer;
};

static peal_str absent(void)
{
    return peal_str_of(NULL, 0);
}

/* ---- answers ---- */

typedef struct extra_header {
    peal_sip_header_id id;
    peal_str value;
} extra_header;

static peal_result add_header(peal_sip_packet *response, void *arg)
{
    const extra_header *extra = arg;
    return peal_sip_packet_add(response, extra->id, extra->value);
}

static void reject(peal_sip_dispatcher *d, peal_sip_packet *request, unsigned status,
                   peal_str reason, extra_header *extra)
{
    peal_result r = peal_sip_core_respond(&d->core->config, request, status, reason,
                                          extra ? add_header : NULL, extra);
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_INFO, d, "%u not sent: %s", status,
                   peal_result_name(r));
    }
}

/* ---- lists ---- */

/* One of the values of @p list is @p wanted; parameters behind ';' do not count. */
static bool list_has(peal_str list, peal_str wanted, bool case_counts)
{
    peal_str cursor = list, value;
    while (peal_sip_list_next(&cursor, &value) == PEAL_OK) {
        const char *end = memchr(value.p, ';', value.n);
        if (end) {
            value.n = (size_t)(end - value.p);
        }
        while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t')) {
            value.n--;
        }
        if (case_counts ? peal_str_eq(value, wanted) : peal_str_ieq(value, wanted)) {
            return true;
        }
    }
    return false;
}

/* ---- checks: true when the request was dealt with ---- */

/* §16.3 item 1, §8.2.2.1, §21.5.6 */
static bool check_fault(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    const peal_sip_fault *fault = peal_sip_packet_fault(request);
    if (fault->result >= 0) {
        return false;
    }
    const unsigned status = peal_sip_fault_status(fault);
    reject(d, request, status, status == 400 ? peal_str_z(fault->reason) : absent(), NULL);
    return true;
}

/* §9.2: a CANCEL that matches nothing. */
static bool check_cancel(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_CANCEL) {
        return false;
    }
    reject(d, request, 481, absent(), NULL);
    return true;
}

/* §8.2.1: unknown methods 501 (§21.5.2), known ones that are not wanted here 405 with Allow. */
static bool check_method(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    const peal_str method = peal_sip_packet_method_text(request);
    if (list_has(d->allow, method, true)) {
        return false;
    }
    const bool known = peal_sip_packet_method(request) != PEAL_SIP_METHOD_UNKNOWN;
    extra_header allow = { PEAL_SIP_HEADER_ALLOW, d->allow };
    reject(d, request, known ? 405 : 501, absent(), &allow);
    return true;
}

/* §8.2.2.1: a Request-URI we cannot understand. */
static bool check_uri(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    peal_sip_uri uri;
    if (peal_sip_uri_decode(peal_sip_packet_request_uri(request), &uri) < 0) {
        reject(d, request, 400, PEAL_STR("Bad Request-URI"), NULL);
        return true;
    }
    if (uri.scheme != PEAL_SIP_SCHEME_OTHER) {
        return false;
    }
    reject(d, request, 416, absent(), NULL);
    return true;
}

/* §16.3 item 3; §11: an OPTIONS that ran out of hops is answered by whom it reached. */
static bool check_max_forwards(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    uint32_t hops = 0;
    peal_result r = peal_sip_packet_number(request, PEAL_SIP_HEADER_MAX_FORWARDS, &hops);
    if (r == PEAL_E_NOT_FOUND) {
        return false; /* §16.3: it may be missing */
    }
    if (r < 0) {
        reject(d, request, 400, PEAL_STR("Bad Max-Forwards"), NULL);
        return true;
    }
    if (hops > 0 || peal_sip_packet_method(request) == PEAL_SIP_METHOD_OPTIONS) {
        return false;
    }
    reject(d, request, 483, absent(), NULL);
    return true;
}

/* §12.2.2: it names a dialog that is not there (any more). */
static bool check_dialog(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    const peal_sip_address *to = NULL;
    if (peal_sip_packet_to(request, &to) < 0) {
        reject(d, request, 400, PEAL_STR("Bad To"), NULL);
        return true;
    }
    if (to->tag.n == 0) {
        return false;
    }
    reject(d, request, 481, absent(), NULL);
    return true;
}

unsigned peal__sip_check_require(peal_sip_packet *request, peal_str supported,
                                 peal__sip_options *ret)
{
    peal_str option;
    peal_result r;
    ret->n = 0;
    for (size_t i = 0;
         (r = peal_sip_packet_token(request, PEAL_SIP_HEADER_REQUIRE, i, &option)) >= 0; i++) {
        if (list_has(supported, option, false)) {
            continue;
        }
        if (ret->n + option.n + 2 > sizeof ret->text) {
            return 420; /* enough to know that it does not work */
        }
        memcpy(ret->text + ret->n, ", ", ret->n ? 2 : 0);
        ret->n += ret->n ? 2 : 0;
        memcpy(ret->text + ret->n, option.p, option.n);
        ret->n += option.n;
    }
    if (r != PEAL_E_NOT_FOUND) {
        return 400;
    }
    return ret->n ? 420 : 0;
}

/* §8.2.2.3: Unsupported names each option that is not understood. */
static bool check_require(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    peal__sip_options lacking;
    const unsigned status = peal__sip_check_require(request, d->supported, &lacking);
    extra_header unsupported = { PEAL_SIP_HEADER_UNSUPPORTED,
                                 peal_str_of(lacking.text, lacking.n) };
    if (status) {
        reject(d, request, status, status == 400 ? PEAL_STR("Bad Require") : absent(),
               lacking.n && status == 420 ? &unsupported : NULL);
    }
    return status != 0;
}

/* §8.2.3: a body of a type or in a coding that is not understood. */
static bool check_body(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    peal_sip_value type;
    peal_str coding;
    if (peal_sip_packet_body(request).n == 0 || !d->accept.p) {
        return false;
    }
    if (peal_sip_packet_token(request, PEAL_SIP_HEADER_CONTENT_ENCODING, 0, &coding) >= 0 &&
        !peal_str_ieq(coding, PEAL_STR("identity"))) {
        extra_header codings = { PEAL_SIP_HEADER_ACCEPT_ENCODING, PEAL_STR("identity") };
        reject(d, request, 415, absent(), &codings);
        return true;
    }
    if (peal_sip_packet_value_params(request, PEAL_SIP_HEADER_CONTENT_TYPE, &type) >= 0 &&
        list_has(d->accept, type.value, false)) {
        return false;
    }
    extra_header accept = { PEAL_SIP_HEADER_ACCEPT, d->accept };
    reject(d, request, 415, absent(), &accept);
    return true;
}

/* ---- merged requests (§8.2.2.2) ---- */

static void forget(peal__seen *seen)
{
    if (seen->sreq) {
        seen->sreq->seen = NULL;
    }
    peal_hash_remove(&seen->dispatcher->seen, &seen->node);
    peal_node_unlink(&seen->age);
    peal_pool_free(seen);
}

void peal__seen_taken(peal__seen *seen, peal__sreq *sreq)
{
    seen->taken = true;
    seen->sreq = sreq;
    sreq->seen = seen;
}

void peal__seen_over(peal__seen *seen, unsigned status)
{
    seen->sreq->seen = NULL;
    seen->sreq = NULL;
    seen->taken = status >= 200 && status < 300;
    if (!seen->taken && !seen->offered) {
        forget(seen);
    }
}

static void on_timer(peal_timer *timer)
{
    peal_sip_dispatcher *d = PEAL_CONTAINER_OF(timer, peal_sip_dispatcher, timer);
    const uint64_t now = peal_thread_now_ms(d->core->thread);
    for (peal_node *n; (n = peal_list_first(&d->seen_ages)) != NULL;) {
        peal__seen *seen = PEAL_CONTAINER_OF(n, peal__seen, age);
        if (seen->until_ms > now) {
            peal_timer_start(d->core->thread, &d->timer, seen->until_ms - now, 0);
            return;
        }
        forget(seen);
    }
}

static bool read_seen(peal_sip_packet *request, peal__seen *ret)
{
    const peal_sip_address *from = NULL;
    const peal_sip_cseq *cseq = NULL;
    const peal_sip_via *via = NULL;
    peal_hasher h;
    if (peal_sip_packet_from(request, &from) < 0 || peal_sip_packet_cseq(request, &cseq) < 0 ||
        peal_sip_packet_via(request, 0, &via) < 0) {
        return false;
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(ret->key); i++) { /* 128 bits: no chance collision */
        peal_hasher_init(&h);
        peal_hasher_add(&h, i ? PEAL_STR("b") : PEAL_STR("a"));
        peal_hasher_add(&h, from->tag);
        peal_hasher_add(&h, PEAL_STR("\n"));
        peal_hasher_add(&h, peal_sip_packet_call_id(request));
        peal_hasher_add(&h, PEAL_STR("\n"));
        peal_hasher_add(&h, peal_str_of((const char *)&cseq->number, sizeof cseq->number));
        peal_hasher_add(&h, cseq->method_text);
        ret->key[i] = peal_hasher_end(&h);
    }
    ret->branch_hash = peal_hash_bytes(via->text);
    return true;
}

static bool same_request(const peal_hash_node *node, const void *arg)
{
    const peal__seen *a = PEAL_CONTAINER_OF((peal_hash_node *)(uintptr_t)node, peal__seen, node);
    const peal__seen *b = arg;
    return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static peal__seen *remember(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    const uint64_t life_ms = 64u * (uint64_t)d->core->settings.t1_ms;
    peal__seen now;
    memset(&now, 0, sizeof now);
    if (d->seen.count == SEEN_MAX || !read_seen(request, &now) ||
        peal_hash_find(&d->seen, now.key[0], same_request, &now)) {
        return NULL;
    }
    peal__seen *seen = peal_pool_alloc(d->core->pool, sizeof *seen);
    if (!seen) {
        return NULL; /* a merged one would pass: harmless, and better than refusing good ones */
    }
    *seen = now;
    seen->dispatcher = d;
    seen->offered = true;
    seen->until_ms = peal_thread_now_ms(d->core->thread) + life_ms;
    peal_hash_insert(&d->seen, &seen->node, seen->key[0]);
    peal_list_append(&d->seen_ages, &seen->age);
    if (!peal_timer_is_running(&d->timer)) {
        peal_timer_start(d->core->thread, &d->timer, life_ms, 0);
    }
    return seen;
}

static bool check_merged(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    peal__seen now;
    memset(&now, 0, sizeof now);
    if (!read_seen(request, &now)) {
        reject(d, request, 400, absent(), NULL);
        return true;
    }
    peal_hash_node *node = peal_hash_find(&d->seen, now.key[0], same_request, &now);
    if (!node || PEAL_CONTAINER_OF(node, peal__seen, node)->branch_hash == now.branch_hash) {
        return false; /* new, or a repetition whose transaction is over */
    }
    reject(d, request, 482, absent(), NULL);
    return true;
}

/* ---- the way of a request ---- */

static bool (*const checks[])(peal_sip_dispatcher *d, peal_sip_packet *request) = {
    check_fault, check_cancel, check_method,  check_uri,  check_max_forwards,
    check_dialog, check_merged, check_require, check_body,
};

/* Whoever answers it or takes it into a context says so to the core. */
static void offer(peal_sip_dispatcher *d, peal_sip_packet *request)
{
    peal__core *core = d->core;
    peal_sip_packet *const outer = core->offered;
    peal__seen *const outer_seen = core->offered_seen;
    const bool outer_taken = core->offered_taken;
    core->offered = request;
    core->offered_taken = false;
    core->offered_seen = remember(d, request);
    if (PEAL_VT_HAS(peal_sip_dispatcher_mgr, d->manager->vt, on_new_request)) {
        d->manager->vt->on_new_request(d->manager, &core->config, request);
    }
    const bool taken = core->offered_taken;
    peal__seen *seen = core->offered_seen;
    if (seen) {
        seen->offered = false;
        if (!seen->taken) {
            forget(seen); /* answered without state, or refused: nothing is going on (§8.2.2.2) */
        }
    }
    core->offered = outer;
    core->offered_seen = outer_seen;
    core->offered_taken = outer_taken;
    if (!taken) {
        reject(d, request, 500, absent(), NULL);
    }
}

void peal_sip_dispatch(peal_sip_dispatcher *d, peal_sip_packet *packet)
{
    if (!peal_sip_packet_is_request(packet) ||
        peal_sip_packet_method(packet) == PEAL_SIP_METHOD_ACK) {
        return; /* stray ACKs are dropped, good or bad (§17.1.1.3) */
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(checks); i++) {
        if (checks[i](d, packet)) {
            return;
        }
    }
    offer(d, packet);
}

/* ---- life ---- */

static peal_str put(char **at, peal_str text)
{
    const peal_str copy = { text.p ? *at : NULL, text.n };
    if (text.n) {
        memcpy(*at, text.p, text.n);
        *at += text.n;
    }
    return copy;
}

peal_result peal_sip_dispatcher_new(peal_sip_core_config *core,
                                    const peal_sip_dispatcher_config *config,
                                    peal_sip_dispatcher **ret)
{
    if (!config || config->size < sizeof *config || !config->manager) {
        return PEAL_E_ARGUMENT;
    }
    const size_t text = config->allow.n + config->supported.n + config->accept.n;
    peal_sip_dispatcher *d = peal_calloc(1, sizeof *d + text + 1);
    if (!d) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = peal_hash_init(&d->seen);
    if (r < 0) {
        peal_free(d);
        return r;
    }
    char *at = (char *)(d + 1);
    d->allow = put(&at, config->allow);
    d->supported = put(&at, config->supported);
    d->accept = put(&at, config->accept);
    d->manager = config->manager;
    d->core = peal__core_of(core);
    (void)peal_sip_core_config_ref(core);
    peal_list_init(&d->seen_ages);
    peal_timer_init(&d->timer, on_timer);
    *ret = d;
    return PEAL_OK;
}

void peal_sip_dispatcher_free(peal_sip_dispatcher *d)
{
    if (!d) {
        return;
    }
    if (d->core->thread && peal_timer_is_running(&d->timer)) {
        peal_timer_stop(d->core->thread, &d->timer);
    }
    for (peal_node *n; (n = peal_list_first(&d->seen_ages)) != NULL;) {
        forget(PEAL_CONTAINER_OF(n, peal__seen, age));
    }
    peal_hash_fini(&d->seen);
    peal_sip_core_config_unref(&d->core->config);
    peal_free(d);
}
