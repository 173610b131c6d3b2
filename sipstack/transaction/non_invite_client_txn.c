/* SPDX-License-Identifier: MIT */
/* The non-INVITE client transaction. Core thread. RFC 3261 §17.1.2.
 *
 *   Trying ──1xx──> Proceeding ──200–699──> Completed ──timer K──> Terminated
 *      └──200–699───────────────────────────────┘
 */
#include "sipstack/transaction/txn_inner.h"

static const peal__sip_txn_state proceeding;
static const peal__sip_txn_state completed;

static void enter_completed(peal__sip_txn *txn, peal_sip_packet *response)
{
    peal__sip_txn_enter_state(txn, &completed);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                             txn->reliable ? 0 : txn->layer->config.timers.t4_ms); /* timer K */
    if (!peal__sip_client_txn_deliver(txn, response)) {
        peal_sip_packet_unref(response);
    }
    peal__sip_txn_end_owner(txn);
    peal__sip_txn_settle(txn);
}

static void open_on_response(peal__sip_txn *txn, peal_sip_packet *response)
{
    if (peal_sip_packet_status(response) >= 200) {
        enter_completed(txn, response);
        return;
    }
    if (txn->state != &proceeding) {
        peal__sip_txn_enter_state(txn, &proceeding); /* timers E and F run on */
    }
    if (!peal__sip_client_txn_deliver(txn, response)) {
        peal_sip_packet_unref(response);
    }
}

static void trying_on_timer_e(peal__sip_txn *txn)
{
    peal__sip_txn_repeat(txn, txn->layer->config.timers.t2_ms);
}

/* §17.1.2.2: in Proceeding timer E is always reset to T2. */
static void proceeding_on_timer_e(peal__sip_txn *txn)
{
    peal__sip_txn_resend(txn);
    peal__sip_txn_set_timers(txn, txn->layer->config.timers.t2_ms, PEAL__SIP_KEEP);
}

static void on_timer_f(peal__sip_txn *txn)
{
    peal__sip_client_txn_fail(txn, PEAL_E_SIP_TIMEOUT);
}

const peal__sip_txn_state peal__sip_non_invite_client_trying = {
    .name = "Trying",
    .sends = true,
    .hears_icmp = true,
    .on_packet = open_on_response,
    .on_repeat = trying_on_timer_e,
    .on_end = on_timer_f,
    .on_send_failed = peal__sip_client_txn_fail,
};

static const peal__sip_txn_state proceeding = {
    .name = "Proceeding",
    .sends = true,
    .hears_icmp = true,
    .on_packet = open_on_response,
    .on_repeat = proceeding_on_timer_e,
    .on_end = on_timer_f,
    .on_send_failed = peal__sip_client_txn_fail,
};

static void completed_on_response(peal__sip_txn *txn, peal_sip_packet *response)
{
    (void)txn;
    peal_sip_packet_unref(response);
}

static const peal__sip_txn_state completed = {
    .name = "Completed",
    .on_packet = completed_on_response,
    .on_end = peal__sip_txn_on_linger_end, /* timer K */
};
