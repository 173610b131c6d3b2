/* SPDX-License-Identifier: MIT */
/* The INVITE client transaction. Core thread. RFC 3261 §17.1.1 as amended by RFC 6026 §7.2; CANCEL
 * by RFC 3261 §9.1.
 *
 *   Calling ──1xx──> Proceeding ──2xx──> Accepted ──timer M──> Terminated
 *      │                 │
 *      └──300–699────────┴──300–699──> Completed ──timer D──> Terminated
 */
#include "sipstack/transaction/txn_inner.h"

static const peal__sip_txn_state proceeding;
static const peal__sip_txn_state accepted;
static const peal__sip_txn_state completed;

static peal__sip_client_txn *client(peal__sip_txn *txn)
{
    return (peal__sip_client_txn *)(void *)txn;
}

bool peal__sip_invite_client_is_proceeding(const peal__sip_txn *txn)
{
    return txn->state == &proceeding;
}

/* RFC 3261 §9.1: only after a provisional response. */
void peal__sip_invite_client_orphaned(peal__sip_txn *txn)
{
    if (txn->state != &proceeding || client(txn)->cancelled) {
        return;
    }
    peal_result r = peal__sip_client_txn_cancel(client(txn), peal_str_of(NULL, 0));
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_WARNING, txn,
                   "a CANCEL could not be sent yet: %s", peal_result_text(r));
    }
}

/* A CANCEL that could not be made tries again; without its Reason, which was its owner's. */
static void proceeding_on_repeat(peal__sip_txn *txn)
{
    peal__sip_invite_client_orphaned(txn);
}

static void deliver_provisional(peal__sip_txn *txn, peal_sip_packet *response)
{
    if (!peal__sip_client_txn_deliver(txn, response)) {
        peal_sip_packet_unref(response);
        peal__sip_invite_client_orphaned(txn);
    }
}

/* RFC 6026 §7.2: a 2xx nobody owns goes to the core, which alone can acknowledge it. */
static void deliver_success(peal__sip_txn *txn, peal_sip_packet *response)
{
    if (!peal__sip_client_txn_deliver(txn, response)) {
        const peal__sip_txn_config *config = &txn->layer->config;
        config->user_vt->on_stray_response(config->user, response);
    }
}

static void enter_accepted(peal__sip_txn *txn, peal_sip_packet *response)
{
    peal__sip_txn_enter_state(txn, &accepted);
    peal__sip_txn_drop_packet(txn);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER, peal__sip_txn_64_t1(txn)); /* timer M */
    deliver_success(txn, response);
    peal__sip_txn_settle(txn);
}

/* RFC 3261 §17.1.1.3. Without memory the next repetition of the response tries again. */
static void acknowledge(peal__sip_txn *txn, peal_sip_packet *response)
{
    peal_sip_packet *ack = NULL;
    peal_pool *pool = peal_thread_pool(txn->layer->config.core);
    peal_result r = peal__sip_build_ack(pool, txn->packet, response, &ack);
    if (r >= 0) {
        r = peal__sip_txn_send_packet(txn, ack);
    }
    if (r < 0) {
        peal_sip_packet_unref(ack);
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_WARNING, txn,
                   "an ACK could not be sent: %s", peal_result_text(r));
        return;
    }
    peal__sip_txn_drop_packet(txn);
}

static void enter_completed(peal__sip_txn *txn, peal_sip_packet *response)
{
    peal__sip_txn_enter_state(txn, &completed);
    acknowledge(txn, response);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                             txn->reliable ? 0 : txn->layer->config.timers.d_ms); /* timer D */
    if (!peal__sip_client_txn_deliver(txn, response)) {
        peal_sip_packet_unref(response);
    }
    peal__sip_txn_end_owner(txn);
    peal__sip_txn_settle(txn);
}

static void open_on_response(peal__sip_txn *txn, peal_sip_packet *response)
{
    unsigned status = peal_sip_packet_status(response);
    if (!txn->packet) {
        /* The INVITE has not come back from being sent: nothing can have answered it. */
        peal_sip_packet_unref(response);
    } else if (status >= 300) {
        enter_completed(txn, response);
    } else if (status >= 200) {
        enter_accepted(txn, response);
    } else {
        if (txn->state != &proceeding) {
            peal__sip_txn_enter_state(txn, &proceeding);
            /* An abandoned one ends without a final response too. */
            peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                                     client(txn)->abandoned ? PEAL__SIP_KEEP : PEAL__SIP_NEVER);
        }
        deliver_provisional(txn, response);
    }
}

static void on_timer_a(peal__sip_txn *txn)
{
    peal__sip_txn_repeat(txn, UINT32_MAX / 2);
}

/* Timer B, and in Proceeding 64*T1 after CANCEL (§9.1). */
static void on_timeout(peal__sip_txn *txn)
{
    peal__sip_client_txn_fail(txn, PEAL_E_SIP_TIMEOUT);
}

const peal__sip_txn_state peal__sip_invite_client_calling = {
    .name = "Calling",
    .sends = true,
    .hears_icmp = true,
    .on_packet = open_on_response,
    .on_repeat = on_timer_a,
    .on_end = on_timeout,
    .on_send_failed = peal__sip_client_txn_fail,
};

static const peal__sip_txn_state proceeding = {
    .name = "Proceeding",
    .sends = true,
    .on_packet = open_on_response,
    .on_repeat = proceeding_on_repeat,
    .on_end = on_timeout,
};

static void accepted_on_response(peal__sip_txn *txn, peal_sip_packet *response)
{
    if (peal_sip_packet_status(response) / 100 == 2) {
        deliver_success(txn, response);
    } else {
        peal_sip_packet_unref(response);
    }
}

static const peal__sip_txn_state accepted = {
    .name = "Accepted",
    .on_packet = accepted_on_response,
    .on_end = peal__sip_txn_on_linger_end, /* timer M */
};

static void completed_on_response(peal__sip_txn *txn, peal_sip_packet *response)
{
    if (peal_sip_packet_status(response) >= 300) {
        if (txn->packet) {
            acknowledge(txn, response);
        } else {
            peal__sip_txn_resend(txn);
        }
    }
    peal_sip_packet_unref(response);
}

static void completed_on_send_failed(peal__sip_txn *txn, peal_result result)
{
    /* The owner has its final response and is gone; figure 5 ends here. */
    (void)result;
    peal__sip_txn_terminate(txn);
}

static const peal__sip_txn_state completed = {
    .name = "Completed",
    .sends = true,
    .on_packet = completed_on_response,
    .on_end = peal__sip_txn_on_linger_end, /* timer D */
    .on_send_failed = completed_on_send_failed,
};
