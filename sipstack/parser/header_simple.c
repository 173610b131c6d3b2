/* SPDX-License-Identifier: MIT */
/* Values of one piece and values with parameters. Any thread.
 *
 * RFC 3261 §25.1: CSeq          = 1*DIGIT LWS Method
 *                 Call-ID       = callid
 *                 In-Reply-To   = callid *(COMMA callid)
 *                 Max-Forwards, Content-Length, Expires, Min-Expires = 1*DIGIT
 *                 Allow, Require, Supported … = [token *(COMMA token)]
 *                 Accept        = [accept-range *(COMMA accept-range)]
 *                 accept-range  = media-range *(SEMI accept-param)
 *                 Content-Type  = media-type; media-type = type SLASH subtype *(SEMI m-parameter)
 *                 Content-Disposition = disp-type *(SEMI disp-param)
 *                 qvalue        = ("0" ["." 0*3DIGIT]) / ("1" ["." 0*3("0")])
 * And of the same forms: RFC 3262 §7.1 RSeq, RFC 3841 §9 Accept-Contact, Reject-Contact,
 * Request-Disposition, RFC 3329 §2.2 Security-Client …, RFC 3903 §11 SIP-ETag, SIP-If-Match,
 * RFC 4412 §3 Resource-Priority, RFC 5393 §5 Max-Breadth, RFC 5626 §11 Flow-Timer, RFC 6086 §8
 * Info-Package, Recv-Info, RFC 6442 §4 Geolocation-Error, RFC 7315 §5 P-Access-Network-Info,
 * P-Visited-Network-ID, P-Charging-Function-Addresses (parameters alone), RFC 7433 User-to-User. */
#include "sipstack/parser/header_inner.h"

peal_result peal_sip_cseq_decode(peal_str text, peal_sip_cseq *ret)
{
    peal_str all = peal__sip_trim(text);
    const char *end = all.p + all.n;
    uint32_t number = 0;
    /* RFC 3261 §8.1.1.5: less than 2**31 */
    const char *p = peal__sip_take_number(all.p, end, INT32_MAX, &number);
    if (!p) {
        return PEAL_E_SIP_HEADER;
    }
    const char *method = peal__sip_skip_ws(p, end);
    if (method == p || method == end || peal__sip_skip(method, end, PEAL__SIP_TOKEN) != end) {
        return PEAL_E_SIP_HEADER;
    }
    ret->number = number;
    ret->method_text = peal__sip_between(method, end);
    ret->method = peal_sip_method_of(ret->method_text);
    return PEAL_OK;
}

/* Where the value ends: before its comment or its parameters. */
static const char *value_end(const char *p, const char *end, const char **ret_params)
{
    const char *stop = NULL;
    while (p && p < end && *p != ';') {
        if (*p == '"') {
            p = peal__sip_skip_quoted(p, end);
        } else if (*p == '(') {
            stop = stop ? stop : p;
            p = peal__sip_skip_comment(p, end);
        } else {
            ++p;
        }
    }
    *ret_params = p;
    return stop ? stop : p;
}

static bool params_ok(const char *p, const char *end)
{
    peal_str name, value;
    peal_result r;
    while ((r = peal__sip_param_take(&p, end, &name, &value)) == PEAL_OK) {
    }
    return r == PEAL_I_END;
}

peal_result peal_sip_value_decode(peal_str text, peal_sip_value *ret)
{
    peal_str all = peal__sip_trim(text);
    const char *end = all.p + all.n;
    const char *params = NULL;
    const char *stop = value_end(all.p, end, &params);
    if (!params || !params_ok(params, end)) {
        return PEAL_E_SIP_HEADER;
    }
    peal_str value = peal__sip_trim(peal__sip_between(all.p, stop));
    if (value.n == 0) {
        return PEAL_E_SIP_HEADER;
    }
    ret->value = value;
    ret->params = peal__sip_between(params, end);
    return PEAL_OK;
}

bool peal__sip_is_call_id(peal_str text)
{
    const char *end = text.p + text.n;
    return text.n > 0 && peal__sip_skip_visible(text.p, end) == end &&
           !memchr(text.p, ';', text.n) && !memchr(text.p, ',', text.n);
}

peal_result peal_sip_q_decode(peal_str text, uint32_t *ret)
{
    uint32_t q = 0;
    if (text.n == 0 || text.n > 5 || (text.n > 1 && text.p[1] != '.')) {
        return PEAL_E_SYNTAX;
    }
    for (size_t i = 0; i < 5; ++i) {
        char c = i < text.n ? text.p[i] : '0';
        if (i != 1 && !peal__sip_is_digit(c)) {
            return PEAL_E_SYNTAX;
        }
        q = i == 1 ? q : q * 10 + (uint32_t)(c - '0');
    }
    if (q > 1000) {
        return PEAL_E_SYNTAX;
    }
    *ret = q;
    return PEAL_OK;
}

uint32_t peal_sip_params_q(peal_str params)
{
    peal_str value;
    uint32_t q = 1000;
    if (peal_sip_param_find(params, PEAL_STR("q"), &value) < 0 ||
        peal_sip_q_decode(value, &q) < 0) {
        return 1000;
    }
    return q;
}

bool peal_sip_list_has(peal_str list, peal_str item)
{
    peal_str value;
    while (peal_sip_list_next(&list, &value) == PEAL_OK) {
        if (peal_str_ieq(value, item)) {
            return true;
        }
    }
    return false;
}

peal_result peal__sip_cseq_decode(peal_str text, void *ret)
{
    return peal_sip_cseq_decode(text, ret);
}

void peal__sip_cseq_write(peal__sip_out *out, const void *value)
{
    const peal_sip_cseq *cseq = value;
    out->bad |= cseq->number > INT32_MAX;
    peal__sip_put_number(out, cseq->number);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put_method(out, cseq->method, cseq->method_text);
}

peal_result peal__sip_value_decode(peal_str text, void *ret)
{
    return peal_sip_value_decode(text, ret);
}

void peal__sip_value_write(peal__sip_out *out, const void *value)
{
    const peal_sip_value *v = value;
    peal__sip_put_words(out, v->value);
    peal__sip_fields_put(out, NULL, 0, ';', true, v, v->params);
}

peal_result peal__sip_text_decode(peal_str text, void *ret)
{
    *(peal_str *)ret = text;
    return PEAL_OK;
}

void peal__sip_text_write(peal__sip_out *out, const void *value)
{
    peal__sip_put_text(out, *(const peal_str *)value);
}

peal_result peal__sip_number_kind_decode(peal_str text, void *ret)
{
    return peal__sip_number_decode(text, ret);
}

void peal__sip_number_kind_write(peal__sip_out *out, const void *value)
{
    peal__sip_put_number(out, *(const uint32_t *)value);
}

/* Tokens, and what is like them: event types, namespaces, URNs. Reading is as lenient as text. */
void peal__sip_word_write(peal__sip_out *out, const void *value)
{
    peal__sip_put_chars(out, *(const peal_str *)value, PEAL__SIP_PVALUE);
}

peal_result peal__sip_params_decode(peal_str text, void *ret)
{
    if (text.n == 0 || !params_ok(text.p, text.p + text.n)) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_str *)ret = text;
    return PEAL_OK;
}

void peal__sip_params_write(peal__sip_out *out, const void *value)
{
    const peal_str *params = value;
    out->bad |= params->n == 0;
    peal__sip_fields_put(out, NULL, 0, ';', false, value, *params);
}

peal_result peal__sip_call_id_decode(peal_str text, void *ret)
{
    if (!peal__sip_is_call_id(text)) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_str *)ret = text;
    return PEAL_OK;
}

void peal__sip_call_id_write(peal__sip_out *out, const void *value)
{
    peal__sip_put_call_id(out, *(const peal_str *)value);
}
