/* SPDX-License-Identifier: MIT */
/* Event and Subscription-State. Any thread.
 *
 * RFC 6665 §8.4:  Event              = event-type *(SEMI event-param)
 *                 event-type         = event-package *("." event-template)
 *                 event-param        = generic-param / ("id" EQUAL token)
 *                 Subscription-State = substate-value *(SEMI subexp-params)
 *                 substate-value     = "active" / "pending" / "terminated" / extension-substate
 *                 subexp-params      = ("reason" EQUAL event-reason-value)
 *                                    / ("expires" EQUAL delta-seconds)
 *                                    / ("retry-after" EQUAL delta-seconds) / generic-param */
#include "sipstack/parser/header_inner.h"

static const peal__sip_field event_fields[] = {
    PEAL__SIP_FIELD(peal_sip_event, id, "id", TOKEN),
};
const peal__sip_shape peal__sip_event_shape =
    PEAL__SIP_SHAPE(peal_sip_event, TOKEN, package, event_fields);

static const peal__sip_field state_fields[] = {
    PEAL__SIP_FIELD(peal_sip_subscription_state, reason, "reason", TOKEN),
    PEAL__SIP_FIELD(peal_sip_subscription_state, expires_s, "expires", NUMBER),
    PEAL__SIP_FIELD(peal_sip_subscription_state, retry_after_s, "retry-after", NUMBER),
};
static const peal__sip_shape state_shape =
    PEAL__SIP_SHAPE(peal_sip_subscription_state, TOKEN, state_text, state_fields);

static const peal_str states[] = {
    [PEAL_SIP_SUBSCRIPTION_ACTIVE] = { "active", 6 },
    [PEAL_SIP_SUBSCRIPTION_PENDING] = { "pending", 7 },
    [PEAL_SIP_SUBSCRIPTION_TERMINATED] = { "terminated", 10 },
};

peal_result peal__sip_subscription_state_decode(peal_str text, void *ret)
{
    peal_sip_subscription_state *state = ret;
    peal_result r = peal__sip_shape_decode(&state_shape, text, ret);
    for (size_t i = 1; r >= 0 && i < PEAL_COUNT_OF(states); ++i) {
        if (peal_str_ieq(state->state_text, states[i])) {
            state->state = (peal_sip_subscription_state_id)i;
        }
    }
    return r;
}

void peal__sip_subscription_state_write(peal__sip_out *out, const void *value)
{
    peal_sip_subscription_state state = *(const peal_sip_subscription_state *)value;
    if (!state.state_text.p && (unsigned)state.state < PEAL_COUNT_OF(states)) {
        state.state_text = states[state.state];
    }
    peal__sip_shape_write(&state_shape, out, &state);
}
