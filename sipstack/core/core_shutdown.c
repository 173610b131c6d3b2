/* SPDX-License-Identifier: MIT */
/* Shutdown in steps, none of which waits (K22): no new work; contexts may end (grace); the others
 * are cleared; transactions may end (linger); transport closes; on_shut_down is the last event.
 * Core thread. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

/* How often the number of lingering transactions is looked at: they end without telling anybody. */
enum { LINGER_LOOK_MS = 10 };

static void start_closing(peal__core *core)
{
    core->state = PEAL__CORE_CLOSING;
    peal_timer_stop(core->thread, &core->shutdown_timer);
    peal__sip_txn_layer_abort(core->txns);
    peal__sip_transport_shut_down(core->transport);
}

static bool nothing_lingers(const peal__core *core)
{
    peal__sip_txn_counters n = { 0 };
    peal__sip_txn_counters_get(core->txns, &n);
    return n.invite_client + n.invite_server + n.non_invite_client + n.non_invite_server == 0;
}

static void look_at_lingering(peal__core *core)
{
    if (nothing_lingers(core) || peal_thread_now_ms(core->thread) >= core->linger_until_ms) {
        start_closing(core);
    } else {
        peal_timer_start(core->thread, &core->shutdown_timer, LINGER_LOOK_MS, 0);
    }
}

static void clear_contexts(peal__core *core)
{
    peal_node *n = peal_list_first(&core->contexts);
    while (n) {
        peal__ctx *ctx = PEAL_CONTAINER_OF(n, peal__ctx, node);
        if (ctx->state == PEAL__CTX_LIVE) {
            peal__ctx_clear(ctx);
            n = peal_list_first(&core->contexts); /* any of them may be gone now */
        } else {
            n = peal_list_next(&core->contexts, n);
        }
    }
}

static void end_grace(peal__core *core)
{
    core->state = PEAL__CORE_LINGER;
    clear_contexts(core);
    core->linger_until_ms = peal_thread_now_ms(core->thread) + core->linger_ms;
    /* Never from inside the application's call: through the timer. */
    peal_timer_start(core->thread, &core->shutdown_timer, 0, 0);
}

static void on_shutdown_timer(peal_timer *timer)
{
    peal__core *core = PEAL_CONTAINER_OF(timer, peal__core, shutdown_timer);
    if (core->state == PEAL__CORE_GRACE) {
        end_grace(core);
    } else if (core->state == PEAL__CORE_LINGER) {
        look_at_lingering(core);
    }
}

void peal__core_context_cleared(peal__core *core)
{
    if (core->state == PEAL__CORE_GRACE && core->open_context_count == 0) {
        peal_timer_start(core->thread, &core->shutdown_timer, 0, 0);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

peal_result peal__core_shutdown(peal__core *core, uint32_t grace_ms, uint32_t linger_ms)
{
    if (!peal__core_is_up(core)) {
        return PEAL_E_STATE;
    }
    if (!PEAL_ON_THREAD(core->thread, "peal.sip.core_config")) {
        return PEAL_E_WRONG_THREAD;
    }
    const uint64_t now = peal_thread_now_ms(core->thread);
    if (core->state == PEAL__CORE_RUNNING) {
        core->state = PEAL__CORE_GRACE;
        core->linger_ms = linger_ms;
        peal_timer_init(&core->shutdown_timer, on_shutdown_timer);
        peal_timer_start(core->thread, &core->shutdown_timer,
                         core->open_context_count ? grace_ms : 0, 0);
    } else if (core->state == PEAL__CORE_GRACE) {
        const uint64_t until = earlier(core->shutdown_timer.deadline_ms, now + grace_ms);
        core->linger_ms = (uint32_t)earlier(core->linger_ms, linger_ms);
        peal_timer_start(core->thread, &core->shutdown_timer, until > now ? until - now : 0, 0);
    } else if (core->state == PEAL__CORE_LINGER) {
        core->linger_until_ms = earlier(core->linger_until_ms, now + linger_ms);
    }
    return PEAL_OK;
}

/* The last step, outside of any call of transport or transactions. */
static void finish(peal_msg *msg)
{
    peal__core *core = PEAL_CONTAINER_OF(msg, peal__core, finish);
    peal__core_free_listeners(core);
    peal__sip_transport_free(core->transport);
    peal__sip_txn_layer_free(core->txns);
    core->transport = NULL;
    core->txns = NULL;
    core->state = PEAL__CORE_DOWN;
    const size_t held = core->context_count + core->request_count + core->server_request_count;
    if (held) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, core,
                   "still held: %zu contexts, %zu requests, %zu server requests",
                   core->context_count, core->request_count, core->server_request_count);
    }
    peal_thread_detach(core->thread);
    if (PEAL_VT_HAS(peal_sip_core_user, core->user->vt, on_shut_down)) {
        core->user->vt->on_shut_down(core->user, held);
    }
    peal_sip_core_config_unref(&core->config);
}

void peal__core_transport_down(peal__core *core)
{
    core->finish.run = finish;
    peal_thread_post(core->thread, &core->finish);
}
