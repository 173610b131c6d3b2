/* SPDX-License-Identifier: MIT */
/* The INVITE server transaction. Core thread. RFC 3261 §17.2.1 as amended by RFC 6026 §7.1, which
 * also keeps it alive when a response cannot be sent.
 *
 *   Proceeding ──2xx──> Accepted ──timer L──> Terminated
 *       └──300–699──> Completed ──ACK──> Confirmed ──timer I──> Terminated
 *                         └──timer H──> Terminated
 */
#include "sipstack/transaction/txn_inner.h"

static const peal__sip_txn_state accepted;
static const peal__sip_txn_state completed;
static const peal__sip_txn_state confirmed;

bool peal__sip_invite_server_is_open(const peal__sip_txn *txn)
{
    return txn->state == &peal__sip_invite_server_proceeding;
}

static bool is_ack(const peal_sip_packet *packet)
{
    return peal_sip_packet_method(packet) == PEAL_SIP_METHOD_ACK;
}

static void proceeding_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    if (!is_ack(packet)) {
        peal__sip_txn_resend(txn); /* §17.2.1: the last provisional response, if there is one */
    }
    peal_sip_packet_unref(packet);
}

/* First the 100 of §17.2.1, then every minute the last provisional response (§13.3.1.1), so that
 * proxies don't give up on the request. */
static void proceeding_on_repeat(peal__sip_txn *txn)
{
    if (((peal__sip_server_txn *)(void *)txn)->refusal_owed) {
        peal__sip_server_txn_refuse(txn);
        return;
    }
    if (txn->packet) {
        peal__sip_server_txn_send_trying(txn);
    } else {
        peal__sip_txn_resend(txn);
    }
    peal__sip_txn_set_timers(txn, txn->layer->config.timers.provisional_ms, PEAL__SIP_KEEP);
}

const peal__sip_txn_state peal__sip_invite_server_proceeding = {
    .name = "Proceeding",
    .sends = true,
    .on_packet = proceeding_on_packet,
    .on_repeat = proceeding_on_repeat,
    .on_end = peal__sip_txn_on_linger_end, /* of a refusal that is owed in vain */
    .on_send_failed = peal__sip_server_txn_report,
};

static void enter_accepted(peal__sip_txn *txn)
{
    peal__sip_txn_enter_state(txn, &accepted);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER, peal__sip_txn_64_t1(txn)); /* timer L */
}

static void enter_completed(peal__sip_txn *txn)
{
    int64_t timer_g = txn->reliable ? PEAL__SIP_NEVER : (int64_t)txn->layer->config.timers.t1_ms;
    peal__sip_txn_enter_state(txn, &completed);
    peal__sip_txn_set_timers(txn, timer_g, peal__sip_txn_64_t1(txn)); /* timers G and H */
}

static void forget_tag(peal__sip_txn *txn)
{
    peal__sip_server_txn *server = (peal__sip_server_txn *)(void *)txn;
    peal_pool_free(server->local_tag); /* a CANCEL finds nothing to cancel any more */
    server->local_tag = NULL;
}

peal_result peal__sip_invite_server_respond(peal__sip_txn *txn, peal_sip_packet *response)
{
    unsigned status = peal_sip_packet_status(response);
    bool is_open = peal__sip_invite_server_is_open(txn);
    if (!is_open && !(txn->state == &accepted && status / 100 == 2)) {
        return PEAL_E_SIP_FINAL_SENT;
    }
    peal_result r = peal__sip_txn_send_packet(txn, response);
    if (r < 0 || !is_open) {
        return r;
    }
    if (status < 200) {
        peal__sip_txn_set_timers(txn, txn->layer->config.timers.provisional_ms, PEAL__SIP_KEEP);
        return PEAL_OK;
    }
    forget_tag(txn);
    if (status < 300) {
        enter_accepted(txn);
    } else {
        enter_completed(txn);
    }
    return PEAL_OK;
}

/* RFC 6026 §7.1: repeated INVITEs are absorbed, the 2xx is repeated by the user agent; an ACK with
 * the INVITE's branch is the core's, as any ACK to a 2xx. */
static void accepted_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    if (is_ack(packet)) {
        const peal__sip_txn_config *config = &txn->layer->config;
        config->user_vt->on_request(config->user, packet);
        return;
    }
    peal_sip_packet_unref(packet);
}

static const peal__sip_txn_state accepted = {
    .name = "Accepted",
    .on_packet = accepted_on_packet,
    .on_end = peal__sip_txn_on_linger_end, /* timer L */
    .on_send_failed = peal__sip_server_txn_report,
};

static void completed_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    if (!is_ack(packet)) {
        peal__sip_txn_resend(txn);
        peal_sip_packet_unref(packet);
        return;
    }
    peal_sip_packet_unref(packet);
    peal__sip_txn_enter_state(txn, &confirmed);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                             txn->reliable ? 0 : txn->layer->config.timers.t4_ms); /* timer I */
    peal__sip_server_txn_report(txn, PEAL_OK);
    peal__sip_txn_end_owner(txn);
    peal__sip_txn_settle(txn);
}

static void completed_on_timer_g(peal__sip_txn *txn)
{
    peal__sip_txn_repeat(txn, txn->layer->config.timers.t2_ms);
}

static void completed_on_timer_h(peal__sip_txn *txn)
{
    peal__sip_server_txn_report(txn, PEAL_E_SIP_TIMEOUT);
    peal__sip_txn_terminate(txn);
}

static const peal__sip_txn_state completed = {
    .name = "Completed",
    .sends = true,
    .on_packet = completed_on_packet,
    .on_repeat = completed_on_timer_g,
    .on_end = completed_on_timer_h,
    .on_send_failed = peal__sip_server_txn_report,
};

static void confirmed_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    (void)txn;
    peal_sip_packet_unref(packet);
}

static const peal__sip_txn_state confirmed = {
    .name = "Confirmed",
    .on_packet = confirmed_on_packet,
    .on_end = peal__sip_txn_on_linger_end, /* timer I */
};
