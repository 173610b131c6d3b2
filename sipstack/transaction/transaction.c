/* SPDX-License-Identifier: MIT */
/* The transaction layer: which transaction a packet belongs to, and what happens to those that
 * belong to none. Core thread. RFC 3261 §17.1.3, §17.2.3, §9.2; RFC 6026. */
#include "sipstack/transaction/txn_inner.h"

/* ---- life ---- */

static void set_default(uint32_t *value, uint32_t standard)
{
    if (*value == 0) {
        *value = standard;
    }
}

static void set_timers(peal__sip_timers *timers)
{
    set_default(&timers->t1_ms, 500);
    set_default(&timers->t2_ms, 4000);
    set_default(&timers->t4_ms, 5000);
    set_default(&timers->d_ms, 64 * timers->t1_ms);
    set_default(&timers->provisional_ms, 60000);
    set_default(&timers->trying_ms, 200);
    if (timers->t2_ms < timers->t1_ms) {
        timers->t2_ms = timers->t1_ms;
    }
    if (timers->d_ms < 64 * timers->t1_ms) {
        timers->d_ms = 64 * timers->t1_ms; /* the server repeats its response for so long */
    }
}

peal_result peal__sip_txn_layer_new(const peal__sip_txn_config *config, peal__sip_txn_layer **ret)
{
    peal__sip_txn_layer *layer = peal_calloc(1, sizeof *layer);
    peal_result r = PEAL_E_NO_MEMORY;
    if (!layer) {
        return r;
    }
    layer->config = *config;
    set_timers(&layer->config.timers);
    if (config->server_name.p) {
        layer->server_name = peal_strdup(config->server_name);
        if (!layer->server_name) {
            goto out;
        }
        layer->config.server_name.p = layer->server_name;
    }
    r = peal_hash_init(&layer->table);
    if (r < 0) {
        goto out;
    }
    peal_thread_ref(config->core);
    *ret = layer;
out:
    if (r < 0) {
        peal_free(layer->server_name);
        peal_free(layer);
    }
    return r;
}

void peal__sip_txn_layer_set_transport(peal__sip_txn_layer *layer, peal__sip_transport *transport)
{
    layer->transport = transport;
}

static void collect(peal_hash_node *node, void *arg)
{
    peal__sip_txn *txn = PEAL_CONTAINER_OF(node, peal__sip_txn, node);
    peal__sip_txn **list = arg;
    txn->next_dead = *list;
    *list = txn;
}

void peal__sip_txn_layer_abort(peal__sip_txn_layer *layer)
{
    peal__sip_txn *all = NULL;
    if (layer->aborting) {
        return;
    }
    layer->aborting = true; /* owners that hear on_ended may start nothing new */
    peal__sip_txn_enter(layer);
    peal_hash_each(&layer->table, collect, &all);
    while (all) {
        peal__sip_txn *txn = all;
        all = txn->next_dead;
        if (txn->state != &peal__sip_txn_terminated) {
            peal__sip_txn_terminate(txn);
        }
    }
    layer->aborting = false;
    peal__sip_txn_leave(layer);
}

void peal__sip_txn_layer_free(peal__sip_txn_layer *layer)
{
    if (!layer) {
        return;
    }
    peal__sip_txn_layer_abort(layer);
    PEAL_ASSERT(layer->depth == 0);
    peal_hash_fini(&layer->table);
    peal_thread_unref(layer->config.core);
    peal_free(layer->server_name);
    peal_free(layer);
}

void peal__sip_txn_counters_get(const peal__sip_txn_layer *layer, peal__sip_txn_counters *ret)
{
    ret->invite_client = layer->alive[PEAL__SIP_INVITE_CLIENT];
    ret->invite_server = layer->alive[PEAL__SIP_INVITE_SERVER];
    ret->non_invite_client = layer->alive[PEAL__SIP_NON_INVITE_CLIENT];
    ret->non_invite_server = layer->alive[PEAL__SIP_NON_INVITE_SERVER];
}

/* ---- matching ---- */

/* What is looked for under a key. */
typedef struct wanted {
    const peal_sip_txn_key *key;
    bool (*fits)(const peal__sip_txn *txn, const struct wanted *wanted);
    peal_sip_method method;
    uint32_t method_hash;
    uint64_t to_tag_hash;
} wanted;

static bool match(const peal_hash_node *node, const void *arg)
{
    const wanted *w = arg;
    const peal__sip_txn *txn =
        (const peal__sip_txn *)(const void *)((const char *)node - offsetof(peal__sip_txn, node));
    return txn->key_length == w->key->length &&
           memcmp(txn->key, w->key->text, txn->key_length) == 0 && w->fits(txn, w);
}

static peal__sip_txn *find(peal__sip_txn_layer *layer, const wanted *w)
{
    peal_hash_node *node = peal_hash_find(&layer->table, w->key->hash, match, w);
    return node ? PEAL_CONTAINER_OF(node, peal__sip_txn, node) : NULL;
}

static bool is_old_key(const wanted *w)
{
    return w->key->text[0] == 'o'; /* a peer of RFC 2543, or a digest of one: no harm */
}

static const peal__sip_server_txn *server_of(const peal__sip_txn *txn)
{
    return (const peal__sip_server_txn *)(const void *)txn;
}

static bool fits_method(const peal__sip_txn *txn, const wanted *w)
{
    return txn->method == w->method && txn->method_hash == w->method_hash;
}

static bool fits_request(const peal__sip_txn *txn, const wanted *w)
{
    return fits_method(txn, w) && (!is_old_key(w) || server_of(txn)->to_tag_hash == w->to_tag_hash);
}

/* §17.2.3: the ACK of an RFC 2543 peer carries the To tag of the response. */
static bool fits_ack(const peal__sip_txn *txn, const wanted *w)
{
    return txn->kind == PEAL__SIP_INVITE_SERVER &&
           (!is_old_key(w) || server_of(txn)->ack_tag_hash == w->to_tag_hash);
}

/* §9.2: the transaction that a CANCEL cancels is the one with its key and another method. */
static bool fits_cancel(const peal__sip_txn *txn, const wanted *w)
{
    return txn->method != PEAL_SIP_METHOD_CANCEL &&
           (!is_old_key(w) || server_of(txn)->to_tag_hash == w->to_tag_hash);
}

peal__sip_txn *peal__sip_txn_find(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                                  peal_sip_method method, uint32_t method_hash)
{
    const wanted w = {
        .key = key, .fits = fits_method, .method = method, .method_hash = method_hash
    };
    return find(layer, &w);
}

static wanted want_of(peal_sip_packet *request, const peal_sip_txn_key *key)
{
    wanted w = { .key = key, .method = peal_sip_packet_method(request) };
    w.method_hash = peal__sip_txn_method_hash(w.method, peal_sip_packet_method_text(request));
    w.to_tag_hash = is_old_key(&w) ? peal__sip_txn_to_tag_hash(request) : 0;
    return w;
}

peal__sip_txn *peal__sip_txn_find_request(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                                          peal_sip_packet *request)
{
    wanted w = want_of(request, key);
    w.fits = w.method == PEAL_SIP_METHOD_ACK ? fits_ack : fits_request;
    return find(layer, &w);
}

/* ---- packets ---- */

/* RFC 3261 §9.2: the CANCEL is answered 200 here; the INVITE's owner hears of it when there is
 * still something to cancel. */
static void take_cancel(peal__sip_txn_layer *layer, peal__sip_txn *target, peal_sip_packet *cancel)
{
    char tag_text[PEAL__SIP_STATELESS_TAG_MAX];
    peal__sip_server_txn *txn = NULL;
    peal_sip_packet *ok = NULL;
    const char *local_tag = server_of(target)->local_tag;
    peal_str tag = local_tag ? peal_str_z(local_tag) : peal__sip_stateless_tag(cancel, tag_text);
    peal_result r = peal__sip_server_txn_new(layer, cancel, NULL, NULL, &txn);
    if (r < 0) {
        goto out; /* the peer will repeat it */
    }
    r = peal__sip_build_response(layer, cancel, 200, peal_str_of(NULL, 0), tag, &ok);
    if (r >= 0) {
        r = peal__sip_server_txn_respond(txn, ok);
    }
    if (r < 0) {
        peal_sip_packet_unref(ok);
        peal__sip_txn_terminate(&txn->txn);
        goto out;
    }
    const peal__sip_server_txn_owner *vt = target->owner_vt;
    if (vt && target->kind == PEAL__SIP_INVITE_SERVER && peal__sip_invite_server_is_open(target)) {
        vt->on_cancel(target->owner, (peal__sip_server_txn *)(void *)target, cancel);
    }
out:
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_WARNING, layer,
                   "a CANCEL could not be answered: %s", peal_result_text(r));
    }
    peal_sip_packet_unref(cancel);
}

static void take_request(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                         peal_sip_packet *request)
{
    peal__sip_txn *txn = peal__sip_txn_find_request(layer, key, request);
    if (txn) {
        txn->state->on_packet(txn, request);
        return;
    }
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_CANCEL) {
        wanted w = want_of(request, key);
        w.fits = fits_cancel;
        txn = find(layer, &w);
        if (txn) {
            take_cancel(layer, txn, request);
            return;
        }
    }
    layer->config.user_vt->on_request(layer->config.user, request);
}

/* RFC 3261 §8.1.3.3: more Vias than went out: it went astray. */
static bool is_astray(const peal__sip_txn *txn, peal_sip_packet *response)
{
    const peal_sip_via *second = NULL;
    return txn->one_via && peal_sip_packet_via(response, 1, &second) != PEAL_E_NOT_FOUND;
}

static void take_response(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                          peal_sip_packet *response)
{
    peal_sip_method method = peal_sip_packet_method(response);
    peal_str text = peal_sip_packet_method_text(response);
    peal__sip_txn *txn =
        peal__sip_txn_find(layer, key, method, peal__sip_txn_method_hash(method, text));
    if (!txn) {
        layer->config.user_vt->on_stray_response(layer->config.user, response);
    } else if (peal__sip_txn_is_unsent(txn) && txn->kind == PEAL__SIP_NON_INVITE_CLIENT) {
        peal_sip_packet_unref(response); /* nothing can have answered what was not sent yet */
    } else if (is_astray(txn, response)) {
        peal_sip_packet_unref(response);
    } else {
        txn->state->on_packet(txn, response);
    }
}

static void on_packet(void *user, peal_sip_packet *packet)
{
    peal__sip_txn_layer *layer = user;
    peal_sip_txn_key key;
    peal__sip_txn_enter(layer);
    bool is_request = peal_sip_packet_is_request(packet);
    if (peal_sip_txn_key_of(packet, &key) < 0) {
        /* Broken beyond matching; the user may answer a request, for it has a Via. */
        if (is_request) {
            layer->config.user_vt->on_request(layer->config.user, packet);
        } else {
            layer->config.user_vt->on_stray_response(layer->config.user, packet);
        }
    } else if (is_request) {
        layer->current = packet;
        layer->current_key = &key;
        take_request(layer, &key, packet);
        layer->current = NULL;
        layer->current_key = NULL;
    } else {
        take_response(layer, &key, packet);
    }
    peal__sip_txn_leave(layer);
}

/* ---- ICMP ---- */

/* RFC 3261 §18.4: only what says that nobody is there; time exceeded, too big and the like heal. */
static bool is_final_error(peal_result result)
{
    return result == PEAL_E_REFUSED || result == PEAL_E_UNREACHABLE;
}

static void on_net_error(void *user, peal__sip_net_error *error)
{
    peal__sip_txn_layer *layer = user;
    peal_sip_txn_key key;
    if (error->is_request && is_final_error(error->result)) {
        peal__sip_txn_enter(layer);
        peal_sip_txn_key_of_branch(error->branch, &key);
        uint32_t hash = peal__sip_txn_method_hash(error->method, error->method_text);
        peal__sip_txn *txn = peal__sip_txn_find(layer, &key, error->method, hash);
        if (txn && txn->state->hears_icmp && txn->state->on_send_failed && txn->send &&
            peal_socket_addr_eq(&txn->send->send.route.peer, &error->peer, true)) {
            txn->state->on_send_failed(txn, error->result);
        }
        peal__sip_txn_leave(layer);
    }
    peal_pool_free(error);
}

static void on_shut_down(void *user)
{
    peal__sip_txn_layer *layer = user;
    layer->config.user_vt->on_shut_down(layer->config.user);
}

const peal__sip_transport_user peal__sip_txn_transport_user = {
    .on_packet = on_packet,
    .on_net_error = on_net_error,
    .on_shut_down = on_shut_down,
};
