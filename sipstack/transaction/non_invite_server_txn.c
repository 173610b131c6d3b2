/* SPDX-License-Identifier: MIT */
/* The non-INVITE server transaction. Core thread. RFC 3261 §17.2.2, RFC 4320.
 *
 *   Trying ──1xx──> Proceeding ──200–699──> Completed ──timer J──> Terminated
 *      └──200–699───────────────────────────────┘
 *
 * One that nobody answers ends silently when its client has given up (RFC 4320 §4.1). One whose
 * response cannot be sent stays, so that a repeated request is not carried out twice. */
#include "sipstack/transaction/txn_inner.h"

static const peal__sip_txn_state proceeding;
static const peal__sip_txn_state completed;

static void trying_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    (void)txn; /* §17.2.2: repetitions are discarded */
    peal_sip_packet_unref(packet);
}

static void resend_on_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    peal__sip_txn_resend(txn);
    peal_sip_packet_unref(packet);
}

/* RFC 4320 §4.2: the client has reached T2 and would go on asking every 4 s. */
static void trying_on_repeat(peal__sip_txn *txn)
{
    peal__sip_server_txn_send_trying(txn);
    peal__sip_txn_enter_state(txn, &proceeding);
}

const peal__sip_txn_state peal__sip_non_invite_server_trying = {
    .name = "Trying",
    .sends = true,
    .on_packet = trying_on_packet,
    .on_repeat = trying_on_repeat,
    .on_end = peal__sip_txn_on_linger_end,
};

static const peal__sip_txn_state proceeding = {
    .name = "Proceeding",
    .sends = true,
    .on_packet = resend_on_packet,
    .on_end = peal__sip_txn_on_linger_end,
    .on_send_failed = peal__sip_server_txn_report,
};

peal_result peal__sip_non_invite_server_respond(peal__sip_txn *txn, peal_sip_packet *response)
{
    unsigned status = peal_sip_packet_status(response);
    if (txn->state == &completed || txn->state == &peal__sip_txn_terminated) {
        return PEAL_E_SIP_FINAL_SENT;
    }
    /* RFC 4320 §4.1: no 408, and no provisional response but 100, to anything but INVITE. */
    if (status == 408 || (status > 100 && status < 200)) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = peal__sip_txn_send_packet(txn, response);
    if (r < 0) {
        return r;
    }
    if (status < 200) {
        peal__sip_txn_enter_state(txn, &proceeding);
        peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER, PEAL__SIP_KEEP);
        return PEAL_OK;
    }
    peal__sip_txn_enter_state(txn, &completed);
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                             txn->reliable ? 0 : (int64_t)peal__sip_txn_64_t1(txn)); /* timer J */
    return PEAL_OK;
}

/* Nothing is left to report. */
static void completed_on_sent(peal__sip_txn *txn)
{
    peal__sip_txn_end_owner(txn);
}

static void completed_on_send_failed(peal__sip_txn *txn, peal_result result)
{
    peal__sip_server_txn_report(txn, result);
    peal__sip_txn_end_owner(txn);
}

static const peal__sip_txn_state completed = {
    .name = "Completed",
    .sends = true,
    .on_packet = resend_on_packet,
    .on_end = peal__sip_txn_on_linger_end, /* timer J */
    .on_sent = completed_on_sent,
    .on_send_failed = completed_on_send_failed,
};
