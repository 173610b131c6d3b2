/* SPDX-License-Identifier: MIT */
/* Headers of sessions and dialogs. Any thread.
 *
 * RFC 4028 §4, §5:   Session-Expires  = delta-seconds *(SEMI se-params)
 *                    se-params        = refresher-param / generic-param
 *                    refresher-param  = "refresher" EQUAL ("uas" / "uac")
 *                    Min-SE           = delta-seconds *(SEMI generic-param)
 * RFC 3262 §7.2:     RAck             = response-num LWS CSeq-num LWS Method
 * RFC 3891 §6.1:     Replaces         = callid *(SEMI replaces-param)
 *                    replaces-param   = to-tag / from-tag / early-flag / generic-param
 *                    early-flag       = "early-only"
 * RFC 3911 §7.1:     Join             = callid *(SEMI join-param)
 * RFC 4538 §7:       Target-Dialog    = callid *(SEMI td-param)
 *                    td-param         = remote-param / local-param / generic-param
 * RFC 7989 §5:       Session-ID       = sess-uuid *(SEMI sess-id-param)
 *                    sess-uuid        = 32(DIGIT / %x61-66)
 *                    sess-id-param    = remote-param / generic-param
 * RFC 3326 §2:       Reason           = reason-value *(COMMA reason-value)
 *                    reason-value     = protocol *(SEMI reason-params)
 *                    reason-params    = protocol-cause / reason-text / reason-extension
 *                    protocol-cause   = "cause" EQUAL cause
 *                    reason-text      = "text" EQUAL quoted-string
 * RFC 4488 §4:       Refer-Sub        = ("true" / "false") *(SEMI exten)
 * RFC 5373 §3.1:     Answer-Mode      = answer-mode-value *(SEMI answer-mode-param)
 *                    answer-mode-param = "require" / generic-param */
#include "sipstack/parser/header_inner.h"

static const peal_str refreshers[] = { { "uac", 3 }, { "uas", 3 }, { NULL, 0 } };
static const peal__sip_field session_expires_fields[] = {
    { .name = { "refresher", 9 },
      .form = PEAL__SIP_FORM_CHOICE,
      .at = offsetof(peal_sip_session_expires, refresher),
      .choices = refreshers },
};
const peal__sip_shape peal__sip_session_expires_shape =
    PEAL__SIP_SHAPE(peal_sip_session_expires, NUMBER, delta_s, session_expires_fields);

const peal__sip_shape peal__sip_min_se_shape = { .head = PEAL__SIP_HEAD_NUMBER,
                                                 .bytes = sizeof(peal_sip_min_se),
                                                 .head_at = offsetof(peal_sip_min_se, delta_s),
                                                 .params_at = offsetof(peal_sip_min_se, params) };

static const peal__sip_field replaces_fields[] = {
    PEAL__SIP_NEEDED(peal_sip_replaces, to_tag, "to-tag", TOKEN),
    PEAL__SIP_NEEDED(peal_sip_replaces, from_tag, "from-tag", TOKEN),
    PEAL__SIP_FIELD(peal_sip_replaces, early_only, "early-only", FLAG),
};
const peal__sip_shape peal__sip_replaces_shape =
    PEAL__SIP_SHAPE(peal_sip_replaces, CALL_ID, call_id, replaces_fields);

static const peal__sip_field join_fields[] = {
    PEAL__SIP_NEEDED(peal_sip_join, to_tag, "to-tag", TOKEN),
    PEAL__SIP_NEEDED(peal_sip_join, from_tag, "from-tag", TOKEN),
};
const peal__sip_shape peal__sip_join_shape =
    PEAL__SIP_SHAPE(peal_sip_join, CALL_ID, call_id, join_fields);

static const peal__sip_field target_dialog_fields[] = {
    PEAL__SIP_NEEDED(peal_sip_target_dialog, local_tag, "local-tag", TOKEN),
    PEAL__SIP_NEEDED(peal_sip_target_dialog, remote_tag, "remote-tag", TOKEN),
};
const peal__sip_shape peal__sip_target_dialog_shape =
    PEAL__SIP_SHAPE(peal_sip_target_dialog, CALL_ID, call_id, target_dialog_fields);

static const peal__sip_field session_id_fields[] = {
    PEAL__SIP_FIELD(peal_sip_session_id, remote, "remote", HEX32),
};
const peal__sip_shape peal__sip_session_id_shape =
    PEAL__SIP_SHAPE(peal_sip_session_id, HEX32, local, session_id_fields);

static const peal__sip_field reason_fields[] = {
    PEAL__SIP_FIELD(peal_sip_reason, cause, "cause", NUMBER),
    PEAL__SIP_FIELD(peal_sip_reason, text, "text", QUOTED),
};
const peal__sip_shape peal__sip_reason_shape =
    PEAL__SIP_SHAPE(peal_sip_reason, TOKEN, protocol, reason_fields);

const peal__sip_shape peal__sip_refer_sub_shape = { .head = PEAL__SIP_HEAD_TRUE,
                                                    .bytes = sizeof(peal_sip_refer_sub),
                                                    .head_at = offsetof(peal_sip_refer_sub, wanted),
                                                    .params_at =
                                                        offsetof(peal_sip_refer_sub, params) };

static const peal__sip_field answer_mode_fields[] = {
    PEAL__SIP_FIELD(peal_sip_answer_mode, require, "require", FLAG),
};
const peal__sip_shape peal__sip_answer_mode_shape =
    PEAL__SIP_SHAPE(peal_sip_answer_mode, TOKEN, mode, answer_mode_fields);

static const char *take_number(const char *p, const char *end, uint32_t *ret)
{
    const char *start = p;
    while (p < end && peal__sip_is_digit(*p)) {
        ++p;
    }
    return peal__sip_number_decode(peal__sip_between(start, p), ret) < 0 ? NULL : p;
}

peal_result peal__sip_rack_decode(peal_str text, void *ret)
{
    peal_sip_rack rack = { .rseq = 0 };
    peal_sip_cseq cseq;
    text = peal__sip_trim(text);
    const char *end = text.p + text.n;
    const char *p = take_number(text.p, end, &rack.rseq);
    /* RFC 3262 §7.1: RSeq counts from 1. */
    if (!p || rack.rseq == 0 || p == end || !peal__sip_in(*p, PEAL__SIP_WS) ||
        peal_sip_cseq_decode(peal__sip_between(p, end), &cseq) < 0) {
        return PEAL_E_SIP_HEADER;
    }
    rack.cseq = cseq.number;
    rack.method = cseq.method;
    rack.method_text = cseq.method_text;
    *(peal_sip_rack *)ret = rack;
    return PEAL_OK;
}

void peal__sip_rack_write(peal__sip_out *out, const void *value)
{
    const peal_sip_rack *rack = value;
    out->bad |= rack->rseq == 0 || rack->cseq > INT32_MAX;
    peal__sip_put_number(out, rack->rseq);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put_number(out, rack->cseq);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put_method(out, rack->method, rack->method_text);
}
