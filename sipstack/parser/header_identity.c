/* SPDX-License-Identifier: MIT */
/* Headers about who somebody is. Any thread.
 *
 * RFC 3323 §4.2:  Privacy      = priv-value *(";" priv-value)
 *                 priv-value   = "header" / "session" / "user" / "none" / "critical" / token
 * RFC 8224 §4:    Identity     = signed-identity-digest SEMI ident-info *(SEMI ident-info-params)
 *                 ident-info   = "info" EQUAL ident-info-uri; a URI between brackets
 *                 ident-info-params = "alg" EQUAL token / "ppt" EQUAL (token, also quoted)
 *                                   / generic-param
 * RFC 7044 §5:    History-Info = hi-entry *(COMMA hi-entry)
 *                 hi-entry     = hi-targeted-to-uri *(SEMI hi-param)
 *                 hi-param     = ("index" / "rc" / "mp" / "np") EQUAL index-val / generic-param
 * RFC 5806 §4:    Diversion    = diversion-params *(COMMA diversion-params)
 *                 diversion-params = name-addr *(SEMI (reason / counter / limit / privacy
 *                                    / screen / extension))
 * RFC 7315 §5.6:  P-Charging-Vector = icid-value *(SEMI charge-params)
 *                 charge-params     = icid-gen-addr / orig-ioi / term-ioi / generic-param
 * RFC 3261 §25.1: contact-params    = c-p-q / c-p-expires / contact-extension
 * RFC 5626 §11:   c-p-reg / c-p-instance; RFC 5627 §9: "pub-gruu" / "temp-gruu" */
#include "sipstack/parser/header_inner.h"

static const struct {
    peal_str text;
    uint32_t bit;
} privacy_values[] = {
    { { "header", 6 }, PEAL_SIP_PRIVACY_HEADER },
    { { "session", 7 }, PEAL_SIP_PRIVACY_SESSION },
    { { "user", 4 }, PEAL_SIP_PRIVACY_USER },
    { { "none", 4 }, PEAL_SIP_PRIVACY_NONE },
    { { "id", 2 }, PEAL_SIP_PRIVACY_ID },
    { { "history", 7 }, PEAL_SIP_PRIVACY_HISTORY },
    { { "critical", 8 }, PEAL_SIP_PRIVACY_CRITICAL },
};

static uint32_t privacy_bit(peal_str token)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(privacy_values); ++i) {
        if (peal_str_ieq(token, privacy_values[i].text)) {
            return privacy_values[i].bit;
        }
    }
    return PEAL_SIP_PRIVACY_OTHER;
}

/* Commas are met as well as semicolons. */
peal_result peal__sip_privacy_decode(peal_str text, void *ret)
{
    const char *p = text.p, *end = p + text.n;
    uint32_t values = 0;
    while (p < end) {
        const char *start = peal__sip_skip_ws(p, end);
        const char *stop = peal__sip_skip(start, end, PEAL__SIP_TOKEN);
        p = peal__sip_skip_ws(stop, end);
        if (stop == start || (p < end && *p != ';' && *p != ',')) {
            return PEAL_E_SIP_HEADER;
        }
        values |= privacy_bit(peal__sip_between(start, stop));
        p += p < end;
    }
    if (!values) {
        return PEAL_E_SIP_HEADER;
    }
    ((peal_sip_privacy *)ret)->values = values;
    return PEAL_OK;
}

void peal__sip_privacy_write(peal__sip_out *out, const void *value)
{
    uint32_t values = ((const peal_sip_privacy *)value)->values & ~(uint32_t)PEAL_SIP_PRIVACY_OTHER;
    uint32_t others = values & ~(uint32_t)(PEAL_SIP_PRIVACY_NONE | PEAL_SIP_PRIVACY_CRITICAL);
    /* RFC 3323 §4.2: "none" stands beside "critical" at most. */
    out->bad |= values == 0 || ((values & PEAL_SIP_PRIVACY_NONE) && others);
    const char *separator = "";
    for (size_t i = 0; i < PEAL_COUNT_OF(privacy_values); ++i) {
        if (values & privacy_values[i].bit) {
            peal__sip_put(out, peal_str_z(separator));
            peal__sip_put(out, privacy_values[i].text);
            separator = ";";
        }
        values &= ~privacy_values[i].bit;
    }
    out->bad |= values != 0;
}

static const peal__sip_field identity_fields[] = {
    /* RFC 8224 §4 wants it, but RFC 4474 had it in Identity-Info (RFC 4475 §3.1.1.11). */
    PEAL__SIP_FIELD(peal_sip_identity, info, "info", ANGLE),
    PEAL__SIP_FIELD(peal_sip_identity, alg, "alg", BARE),
    PEAL__SIP_FIELD(peal_sip_identity, ppt, "ppt", BARE),
};
const peal__sip_shape peal__sip_identity_shape =
    PEAL__SIP_SHAPE(peal_sip_identity, WORDS, digest, identity_fields);

static const peal__sip_field history_info_fields[] = {
    PEAL__SIP_FIELD(peal_sip_history_info, index, "index", TOKEN),
    PEAL__SIP_FIELD(peal_sip_history_info, rc, "rc", TOKEN),
    PEAL__SIP_FIELD(peal_sip_history_info, mp, "mp", TOKEN),
    PEAL__SIP_FIELD(peal_sip_history_info, np, "np", TOKEN),
};
const peal__sip_shape peal__sip_history_info_shape = { .head = PEAL__SIP_HEAD_ADDRESS,
                                                       .count = PEAL_COUNT_OF(history_info_fields),
                                                       .bytes = sizeof(peal_sip_history_info),
                                                       .fields = history_info_fields };

static const peal__sip_field diversion_fields[] = {
    PEAL__SIP_FIELD(peal_sip_diversion, reason, "reason", VALUE),
    PEAL__SIP_FIELD(peal_sip_diversion, counter, "counter", NUMBER),
    PEAL__SIP_FIELD(peal_sip_diversion, limit, "limit", NUMBER),
    PEAL__SIP_FIELD(peal_sip_diversion, privacy, "privacy", VALUE),
    PEAL__SIP_FIELD(peal_sip_diversion, screen, "screen", VALUE),
};
const peal__sip_shape peal__sip_diversion_shape = { .head = PEAL__SIP_HEAD_ADDRESS,
                                                    .count = PEAL_COUNT_OF(diversion_fields),
                                                    .bytes = sizeof(peal_sip_diversion),
                                                    .fields = diversion_fields };

static const peal__sip_field charging_vector_fields[] = {
    PEAL__SIP_NEEDED(peal_sip_charging_vector, icid_value, "icid-value", VALUE),
    PEAL__SIP_FIELD(peal_sip_charging_vector, icid_generated_at, "icid-generated-at", VALUE),
    PEAL__SIP_FIELD(peal_sip_charging_vector, orig_ioi, "orig-ioi", VALUE),
    PEAL__SIP_FIELD(peal_sip_charging_vector, term_ioi, "term-ioi", VALUE),
};
const peal__sip_shape peal__sip_charging_vector_shape =
    PEAL__SIP_SHAPE(peal_sip_charging_vector, NONE, params, charging_vector_fields);

static const peal__sip_field contact_fields[] = {
    PEAL__SIP_FIELD(peal_sip_contact_params, q, "q", Q),
    PEAL__SIP_FIELD(peal_sip_contact_params, expires_s, "expires", NUMBER),
    PEAL__SIP_FIELD(peal_sip_contact_params, instance, "+sip.instance", QUOTED),
    PEAL__SIP_FIELD(peal_sip_contact_params, reg_id, "reg-id", NUMBER),
    PEAL__SIP_FIELD(peal_sip_contact_params, pub_gruu, "pub-gruu", QUOTED),
    PEAL__SIP_FIELD(peal_sip_contact_params, temp_gruu, "temp-gruu", QUOTED),
    PEAL__SIP_FIELD(peal_sip_contact_params, methods, "methods", QUOTED),
};
const peal__sip_shape peal__sip_contact_params_shape =
    PEAL__SIP_SHAPE(peal_sip_contact_params, SEMICOLON, params, contact_fields);
