/* SPDX-License-Identifier: MIT */
/* The scripted application of the core's tests. See core_script.h. */
#include "core_script.h"

static void on_event(hooks *self, peal_sip_client_event_control *control, unsigned code)
{
    script *s = PEAL_CONTAINER_OF(self, script, hooks);
    ck_assert_uint_lt(s->heard, PEAL_COUNT_OF(s->codes));
    s->codes[s->heard] = code;
    s->locals[s->heard] = peal_sip_client_event_control_local_result(control);
    s->statuses[s->heard++] =
        peal_sip_packet_status(peal_sip_client_event_control_response(control));
    if (s->clear_inside) {
        peal_sip_context_clear(s->clear_inside);
        ck_assert_int_eq(peal_sip_client_event_control_call_next(control), PEAL_E_SIP_CLEARED);
    } else if (s->keep) {
        ck_assert_ptr_null(s->kept);
        s->kept = peal_sip_client_event_control_ref(control);
    } else if (s->reissues > 0) {
        s->reissues--;
        s->reissue_result = peal_sip_client_event_control_reissue(control);
    } else {
        (void)peal_sip_client_event_control_call_next(control);
    }
}

void script_drop_kept(script *s)
{
    peal_sip_client_event_control *kept = s->kept;
    s->kept = NULL;
    peal_sip_client_event_control_unref(kept);
}

static void answer_all(node *n, peal_sip_packet *packet)
{
    for (const unsigned *status = n->arg; *status; status++) {
        (void)peal_sip_core_respond(n->core, packet, *status, absent(), NULL, NULL);
    }
}

void script_init(script *s)
{
    memset(s, 0, sizeof *s);
    s->hooks.on_event = on_event;
}

peal_sip_context *script_start(script *s, world *w, unsigned threads, const unsigned *statuses)
{
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    script_init(s);
    world_start(w, threads);
    w->b.on_packet = answer_all;
    w->b.arg = (void *)(uintptr_t)statuses;
    return make_context(&w->a, &s->hooks, &to, 1);
}
