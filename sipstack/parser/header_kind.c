/* SPDX-License-Identifier: MIT */
/* The table of kinds, and what works for all of them: decoding and encoding a value, reading and
 * writing it in a packet. Any thread; packets: theirs. RFC 3261 §7.3. */
#include "sipstack/parser/header_inner.h"

#define CODEC(type, name)                                                                          \
    .bytes = sizeof(type), .decode = peal__sip_##name##_decode, .write = peal__sip_##name##_write
#define SHAPE(type, name) .bytes = sizeof(type), .shape = &peal__sip_##name##_shape

const peal__sip_kind peal__sip_kinds[PEAL_SIP_KIND_COUNT] = {
    [PEAL_SIP_KIND_RAW] = { 0 },
    [PEAL_SIP_KIND_VIA] = { CODEC(peal_sip_via, via), .list = PEAL_SIP_KIND_VIA },
    [PEAL_SIP_KIND_ADDRESS] = { CODEC(peal_sip_address, address) },
    [PEAL_SIP_KIND_ADDRESS_LIST] = { CODEC(peal_sip_address, address),
                                     .list = PEAL_SIP_KIND_ADDRESS },
    [PEAL_SIP_KIND_CSEQ] = { CODEC(peal_sip_cseq, cseq) },
    [PEAL_SIP_KIND_TEXT] = { CODEC(peal_str, text) },
    [PEAL_SIP_KIND_NUMBER] = { CODEC(uint32_t, number_kind) },
    [PEAL_SIP_KIND_TOKENS] = { .bytes = sizeof(peal_str),
                               .list = PEAL_SIP_KIND_TOKENS,
                               .decode = peal__sip_text_decode,
                               .write = peal__sip_word_write },
    [PEAL_SIP_KIND_VALUE_PARAMS] = { CODEC(peal_sip_value, value) },
    [PEAL_SIP_KIND_VALUE_LIST] = { CODEC(peal_sip_value, value),
                                   .list = PEAL_SIP_KIND_VALUE_PARAMS },
    [PEAL_SIP_KIND_PARAMS] = { CODEC(peal_str, params), .list = PEAL_SIP_KIND_PARAMS },
    [PEAL_SIP_KIND_CALL_IDS] = { CODEC(peal_str, call_id), .list = PEAL_SIP_KIND_CALL_IDS,
                                 .words = true },
    [PEAL_SIP_KIND_RETRY_AFTER] = { CODEC(peal_sip_retry_after, retry_after) },
    [PEAL_SIP_KIND_DATE] = { CODEC(peal_sip_date, date) },
    [PEAL_SIP_KIND_TIMESTAMP] = { CODEC(peal_sip_timestamp, timestamp) },
    [PEAL_SIP_KIND_MIME_VERSION] = { CODEC(peal_sip_mime_version, mime_version) },
    [PEAL_SIP_KIND_WARNING] = { CODEC(peal_sip_warning, warning), .list = PEAL_SIP_KIND_WARNING },
    [PEAL_SIP_KIND_CHALLENGE] = { CODEC(peal_sip_challenge, challenge) },
    [PEAL_SIP_KIND_CREDENTIALS] = { CODEC(peal_sip_credentials, credentials) },
    [PEAL_SIP_KIND_AUTH_INFO] = { CODEC(peal_sip_auth_info, auth_info) },
    [PEAL_SIP_KIND_SESSION_EXPIRES] = { SHAPE(peal_sip_session_expires, session_expires) },
    [PEAL_SIP_KIND_MIN_SE] = { SHAPE(peal_sip_min_se, min_se) },
    [PEAL_SIP_KIND_RACK] = { CODEC(peal_sip_rack, rack) },
    [PEAL_SIP_KIND_REPLACES] = { SHAPE(peal_sip_replaces, replaces) },
    [PEAL_SIP_KIND_JOIN] = { SHAPE(peal_sip_join, join) },
    [PEAL_SIP_KIND_TARGET_DIALOG] = { SHAPE(peal_sip_target_dialog, target_dialog) },
    [PEAL_SIP_KIND_SESSION_ID] = { SHAPE(peal_sip_session_id, session_id) },
    [PEAL_SIP_KIND_REASON] = { SHAPE(peal_sip_reason, reason), .list = PEAL_SIP_KIND_REASON },
    [PEAL_SIP_KIND_REFER_SUB] = { SHAPE(peal_sip_refer_sub, refer_sub) },
    [PEAL_SIP_KIND_ANSWER_MODE] = { SHAPE(peal_sip_answer_mode, answer_mode) },
    [PEAL_SIP_KIND_EVENT] = { SHAPE(peal_sip_event, event) },
    [PEAL_SIP_KIND_SUBSCRIPTION_STATE] = { CODEC(peal_sip_subscription_state, subscription_state) },
    [PEAL_SIP_KIND_PRIVACY] = { CODEC(peal_sip_privacy, privacy) },
    [PEAL_SIP_KIND_IDENTITY] = { SHAPE(peal_sip_identity, identity),
                                 .list = PEAL_SIP_KIND_IDENTITY },
    [PEAL_SIP_KIND_HISTORY_INFO] = { SHAPE(peal_sip_history_info, history_info),
                                     .list = PEAL_SIP_KIND_HISTORY_INFO },
    [PEAL_SIP_KIND_DIVERSION] = { SHAPE(peal_sip_diversion, diversion),
                                  .list = PEAL_SIP_KIND_DIVERSION },
    [PEAL_SIP_KIND_CHARGING_VECTOR] = { SHAPE(peal_sip_charging_vector, charging_vector) },
    [PEAL_SIP_KIND_CONTACT_PARAMS] = { SHAPE(peal_sip_contact_params, contact_params) },
    [PEAL_SIP_KIND_ALERT_ERROR] = { SHAPE(peal_sip_alert_error, alert_error) },
};

/* NULL: no typed form. */
static const peal__sip_kind *kind_row(peal_sip_header_kind kind)
{
    const peal__sip_kind *row =
        (unsigned)kind < PEAL_SIP_KIND_COUNT ? &peal__sip_kinds[kind] : NULL;
    return row && row->bytes ? row : NULL;
}

peal_sip_header_kind peal_sip_header_kind_of(peal_sip_header_id id)
{
    return peal__sip_kind_of(id);
}

bool peal_sip_kind_is_list(peal_sip_header_kind kind)
{
    return (unsigned)kind < PEAL_SIP_KIND_COUNT && peal__sip_kinds[kind].list != 0;
}

peal_result peal_sip_kind_decode(peal_sip_header_kind kind, peal_str text, void *ret)
{
    const peal__sip_kind *row = kind_row(kind);
    if (!row) {
        return PEAL_E_ARGUMENT;
    }
    return peal__sip_kind_decode(row, peal__sip_trim(text), ret);
}

/* What is written is one value, whatever its parts are. */
static bool is_single(const peal__sip_kind *kind, const peal__sip_out *out)
{
    peal_str list = peal_str_of(out->to, out->bytes), value;
    if (!kind->list || kind->words || out->bytes > out->room) {
        return true;
    }
    return peal_sip_list_next(&list, &value) == PEAL_OK && value.n == out->bytes;
}

/* Into the room given, as far as it goes: out->bytes tells. */
static peal_result write_value(const peal__sip_kind *kind, peal__sip_out *out, const void *value)
{
    if (kind->shape) {
        peal__sip_shape_write(kind->shape, out, value);
    } else {
        kind->write(out, value);
    }
    return out->bad || !is_single(kind, out) ? PEAL_E_ARGUMENT : PEAL_OK;
}

peal_result peal_sip_kind_encode(peal_sip_header_kind kind, const void *value, peal_blob *out)
{
    const peal__sip_kind *row = kind_row(kind);
    char few[512];
    peal__sip_out text = { .to = few, .room = sizeof few };
    peal_result r = row ? write_value(row, &text, value) : PEAL_E_ARGUMENT;
    if (r < 0) {
        return r;
    }
    if (text.bytes <= text.room) {
        return peal_blob_append(out, peal_str_of(few, text.bytes));
    }
    r = peal_blob_reserve(out, text.bytes);
    if (r < 0) {
        return r;
    }
    text = (peal__sip_out){ .to = out->data + out->bytes, .room = text.bytes };
    r = write_value(row, &text, value);
    out->bytes += r < 0 ? 0 : text.bytes;
    out->data[out->bytes] = '\0';
    return r;
}

/* The header's values are of this kind, alone or in a list. */
static bool is_of_kind(peal_sip_header_id id, peal_sip_header_kind kind)
{
    peal_sip_header_kind own = peal__sip_kind_of(id);
    return own != PEAL_SIP_KIND_RAW && (unsigned)kind < PEAL_SIP_KIND_COUNT &&
           (own == kind || peal__sip_kinds[own].list == (uint8_t)kind);
}

/* What a kind cannot say: limits of numbers, and texts that are not free (RFC 3261 §25.1 callid,
 * RFC 3903 §11 entity-tag). */
static bool fits(peal_sip_header_id id, const void *value)
{
    const peal_str *text = value;
    switch (id) {
    case PEAL_SIP_HEADER_CALL_ID:
        return text->n && peal__sip_skip_visible(text->p, text->p + text->n) == text->p + text->n;
    case PEAL_SIP_HEADER_SIP_ETAG:
    case PEAL_SIP_HEADER_SIP_IF_MATCH:
    case PEAL_SIP_HEADER_SUPPRESS_IF_MATCH:
        return text->n &&
               peal__sip_skip(text->p, text->p + text->n, PEAL__SIP_TOKEN) == text->p + text->n;
    default:
        if (peal__sip_kinds[peal__sip_kind_of(id)].decode == peal__sip_address_decode &&
            id != PEAL_SIP_HEADER_CONTACT) {
            return !peal__sip_is_star(value);
        }
        return peal__sip_kind_of(id) != PEAL_SIP_KIND_NUMBER ||
               peal__sip_number_fits(id, *(const uint32_t *)value);
    }
}

peal_result peal_sip_packet_get(peal_sip_packet *packet, peal_sip_header_id id,
                                peal_sip_header_kind kind, size_t nth, const void **ret)
{
    const void *found = NULL;
    if (!is_of_kind(id, kind)) {
        return PEAL_E_NOT_FOUND;
    }
    peal_result r = peal__sip_packet_find(packet, id, nth, &found);
    if (r >= 0 && !fits(id, found)) {
        r = PEAL_E_SIP_HEADER;
    }
    if (r >= 0) {
        *ret = found;
    }
    return r;
}

static peal_result put_text(peal_sip_packet *packet, peal_sip_header_id id, peal_sip_put how,
                            peal_str text)
{
    switch (how) {
    case PEAL_SIP_PUT_ADD:
        return peal_sip_packet_add(packet, id, text);
    case PEAL_SIP_PUT_PUSH:
        return peal_sip_packet_push(packet, id, text);
    case PEAL_SIP_PUT_SET:
        return peal_sip_packet_set(packet, id, text);
    }
    return PEAL_E_ARGUMENT;
}

peal_result peal_sip_packet_put(peal_sip_packet *packet, peal_sip_header_id id,
                                peal_sip_header_kind kind, peal_sip_put how, const void *value)
{
    char few[512];
    peal__sip_out text = { .to = few, .room = sizeof few };
    if (!is_of_kind(id, kind)) {
        return PEAL_E_ARGUMENT;
    }
    const peal__sip_kind *row = &peal__sip_kinds[peal__sip_kind_of(id)];
    peal_result r = fits(id, value) ? write_value(row, &text, value) : PEAL_E_ARGUMENT;
    if (r >= 0 && text.bytes > PEAL__SIP_LINE_BYTES_MAX) {
        r = PEAL_E_LIMIT;
    }
    if (r >= 0 && text.bytes > text.room) {
        text =
            (peal__sip_out){ .to = peal_sip_packet_alloc(packet, text.bytes), .room = text.bytes };
        r = text.to ? write_value(row, &text, value) : PEAL_E_NO_MEMORY;
    }
    return r < 0 ? r : put_text(packet, id, how, peal_str_of(text.to, text.bytes));
}
