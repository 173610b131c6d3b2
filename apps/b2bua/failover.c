/* SPDX-License-Identifier: MIT */
/* Next hops in turn. Core thread.
 *
 * The next one is tried on time-out, send failure, 500, 502, 503 and 504; once the caller heard an
 * 18x only on time-out and 503. While further hops are left, silence (no response at all, not even
 * 100) for try_timeout_ms counts as time-out: the old INVITE stays matched and cancelled, so a late
 * answer on it is ended properly; the last hop gets the transaction's full time. */
#include "apps/b2bua/b2bua_priv.h"

static bool has_further(const struct call *call)
{
    return (size_t)call->hop + 1 < call->app->options.hop_count;
}

bool peal__failover_is_wanted(const struct call *call, peal_result local, unsigned status)
{
    if (!has_further(call)) {
        return false;
    }
    if (call->has_rung) {
        return local == PEAL_E_SIP_TIMEOUT || status == 503;
    }
    return local < 0 || status == 500 || (status >= 502 && status <= 504);
}

/* Nothing of the present hop is waited for any more; its legs go by themselves. */
void peal__failover_give_up(struct call *call)
{
    for (struct leg *leg = call->legs; leg; leg = leg->next) {
        leg->is_abandoned = true;
        leg->is_ending = true;
    }
    call->hop++;
}

/* Sends the call to its present hop, or to the first after it that takes it. */
void peal__failover_next(struct call *call)
{
    const struct b2bua_options *o = &call->app->options;
    peal_result r = peal__leg_out_start(call);
    while (r < 0 && r != PEAL_E_LIMIT && has_further(call)) {
        call->hop++;
        r = peal__leg_out_start(call);
    }
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_APP, PEAL_TRACE_WARNING, call, "no leg out: %s", peal_result_name(r));
        peal__call_timer(call, CALL_OVER, 0);
        peal__leg_refuse(&call->in, r == PEAL_E_NO_MEMORY ? 500 : r == PEAL_E_LIMIT ? 483 : 503);
    } else if (has_further(call) && o->try_timeout_ms) {
        peal__call_timer(call, CALL_TRYING, o->try_timeout_ms);
    } else {
        peal__call_timer(call, CALL_SETUP, (uint64_t)o->setup_s * 1000);
    }
}

/* The present hop said nothing above 100 within its time. */
void peal__failover_on_silence(struct call *call)
{
    if (!call->request || !call->in.invite) {
        return;
    }
    if (peal_sip_client_request_has_provisional(call->request)) {
        peal__call_timer(call, CALL_SETUP, (uint64_t)call->app->options.setup_s * 1000);
        return;
    }
    (void)peal_sip_client_request_cancel(call->request, B2BUA_NONE);
    peal_sip_client_request_unrefp(&call->request);
    peal__failover_give_up(call);
    peal__failover_next(call);
}
