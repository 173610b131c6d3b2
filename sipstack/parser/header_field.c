/* SPDX-License-Identifier: MIT */
/* Parameters that have a member in a struct, read and written by tables. Any thread.
 * RFC 3261 §7.3.1, §25.1.
 *
 *     generic-param = token [EQUAL gen-value]
 *     gen-value     = token / host / quoted-string
 *     auth-param    = auth-param-name EQUAL (token / quoted-string) */
#include "sipstack/parser/header_inner.h"

static void *member(void *base, const peal__sip_field *field)
{
    return (char *)base + field->at;
}

/* The value behind '='; a URI between brackets where the list has one. */
static const char *take_value(const char *p, const char *end, bool angle, peal_str *ret)
{
    p = peal__sip_skip_ws(p, end);
    if (!angle || p == end || *p != '<') {
        return peal__sip_take_value(p, end, ret);
    }
    const char *stop = peal__sip_skip_angle(p + 1, end);
    if (stop == end || *stop != '>') {
        return NULL;
    }
    *ret = peal__sip_between(p, stop + 1);
    return peal__sip_skip_ws(stop + 1, end);
}

peal_result peal__sip_any_param(char separator, bool angle, const char **cursor, const char *end,
                                peal_str *ret_name, peal_str *ret_value)
{
    const char *p = *cursor;
    while (p < end && (*p == separator || peal__sip_in(*p, PEAL__SIP_WS))) {
        ++p;
    }
    if (p == end) {
        *cursor = end;
        return PEAL_I_END;
    }
    const char *start = p;
    p = peal__sip_skip(p, end, PEAL__SIP_PNAME);
    peal_str name = peal__sip_between(start, p);
    peal_str value = peal_str_of(p, 0);
    p = peal__sip_skip_ws(p, end);
    if (p < end && *p == '=') {
        p = take_value(p + 1, end, angle, &value);
    } else if (separator == ',') {
        return PEAL_E_SYNTAX;
    }
    if (name.n == 0 || !p || (p < end && *p != separator)) {
        return PEAL_E_SYNTAX;
    }
    *cursor = p;
    *ret_name = name;
    *ret_value = value;
    return PEAL_OK;
}

peal_result peal_sip_auth_param_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return PEAL_I_END;
    }
    const char *p = cursor->p, *end = p + cursor->n;
    peal_result r = peal__sip_any_param(',', false, &p, end, ret_name, ret_value);
    if (r >= 0) {
        *cursor = peal__sip_between(p, end);
    }
    return r;
}

static peal_str without_quotes(peal_str value)
{
    return value.n >= 2 && value.p[0] == '"' ? peal_str_of(value.p + 1, value.n - 2) : value;
}

static bool all_in(peal_str text, unsigned classes)
{
    const char *end = text.p + text.n;
    return text.n > 0 && peal__sip_skip(text.p, end, classes) == end;
}

bool peal__sip_is_hex32(peal_str text)
{
    bool ok = text.n == 32;
    for (size_t i = 0; ok && i < text.n; ++i) {
        ok = peal__sip_is_hex(text.p[i]);
    }
    return ok;
}

static bool take_nc(peal_str text, peal_sip_number *ret)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.n; ++i) {
        char c = text.p[i];
        if (!peal__sip_is_hex(c)) {
            return false;
        }
        number = number << 4 | (uint32_t)(peal__sip_is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *ret = peal_sip_number_of(number);
    return text.n > 0 && text.n <= 8;
}

static bool take_choice(const peal_str *choices, peal_str value, int *ret)
{
    for (int i = 0; choices[i].p; ++i) {
        if (peal_str_ieq(choices[i], value)) {
            *ret = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_text(const peal__sip_field *field, peal_str value, peal_str *ret)
{
    bool quoted = value.n >= 2 && value.p[0] == '"';
    bool angle = value.n >= 2 && value.p[0] == '<';
    bool ok = value.n > 0 && (!angle || field->form == PEAL__SIP_FORM_ANGLE);
    switch ((peal__sip_form)field->form) {
    case PEAL__SIP_FORM_TOKEN:
        ok = all_in(value, PEAL__SIP_TOKEN);
        break;
    case PEAL__SIP_FORM_BARE:
        value = without_quotes(value);
        ok = all_in(value, PEAL__SIP_TOKEN);
        break;
    case PEAL__SIP_FORM_QUOTED:
        value = without_quotes(value);
        break;
    case PEAL__SIP_FORM_ANGLE:
        ok = angle;
        value = angle ? peal_str_of(value.p + 1, value.n - 2) : value;
        ok = ok && peal__sip_has_scheme(value);
        break;
    case PEAL__SIP_FORM_HEX32:
        ok = peal__sip_is_hex32(value);
        break;
    default:
        ok = ok && (!quoted || value.p[value.n - 1] == '"');
        break;
    }
    *ret = value;
    return ok;
}

static bool take_field(const peal__sip_field *field, peal_str value, void *base)
{
    void *to = member(base, field);
    peal_sip_number *number = to;
    switch ((peal__sip_form)field->form) {
    case PEAL__SIP_FORM_NUMBER:
        number->given = true;
        return peal__sip_number_decode(value, &number->value) >= 0;
    case PEAL__SIP_FORM_NC:
        return take_nc(without_quotes(value), number);
    case PEAL__SIP_FORM_Q:
        number->given = true;
        return peal_sip_q_decode(value, &number->value) >= 0;
    case PEAL__SIP_FORM_FLAG:
        *(bool *)to = true;
        return value.n == 0;
    case PEAL__SIP_FORM_TRUE:
        *(bool *)to = peal_str_ieq(without_quotes(value), PEAL_STR("true"));
        return value.n > 0;
    case PEAL__SIP_FORM_CHOICE:
        return take_choice(field->choices, value, to);
    default:
        return take_text(field, value, to);
    }
}

static bool has_angle(const peal__sip_field *fields, size_t count)
{
    size_t i = 0;
    while (i < count && fields[i].form != PEAL__SIP_FORM_ANGLE) {
        ++i;
    }
    return i < count;
}

static size_t find_field(const peal__sip_field *fields, size_t count, peal_str name)
{
    size_t i = 0;
    while (i < count && !peal_str_ieq(fields[i].name, name)) {
        ++i;
    }
    return i;
}

peal_result peal__sip_fields_take(const peal__sip_field *fields, size_t count, char separator,
                                  peal_str params, void *base)
{
    const char *p = params.p, *end = p + params.n;
    const bool angle = has_angle(fields, count);
    peal_str name, value;
    uint32_t seen = 0;
    bool some = separator == ';'; /* a list must have one */
    peal_result r;
    while ((r = peal__sip_any_param(separator, angle, &p, end, &name, &value)) == PEAL_OK) {
        size_t i = find_field(fields, count, name);
        some = true;
        if (i == count) {
            continue;
        }
        if ((seen & UINT32_C(1) << i) || !take_field(&fields[i], value, base)) {
            return PEAL_E_SIP_HEADER;
        }
        seen |= UINT32_C(1) << i;
    }
    for (size_t i = 0; i < count; ++i) {
        if (fields[i].needed && !(seen & UINT32_C(1) << i)) {
            return PEAL_E_SIP_HEADER;
        }
    }
    return r == PEAL_I_END && some ? PEAL_OK : PEAL_E_SIP_HEADER;
}

static void put_name(peal__sip_out *out, char separator, bool *lead, peal_str name)
{
    if (*lead) {
        peal__sip_put(out, separator == ';' ? PEAL_STR(";") : PEAL_STR(", "));
    }
    *lead = true;
    peal__sip_put(out, name);
}

static void put_nc(peal__sip_out *out, uint32_t number)
{
    char text[8];
    for (int i = 7; i >= 0; --i, number >>= 4) {
        text[i] = "0123456789abcdef"[number & 15];
    }
    peal__sip_put(out, peal_str_of(text, sizeof text));
}

static void put_q(peal__sip_out *out, uint32_t thousandths)
{
    char text[5] = { (char)('0' + thousandths / 1000), '.', (char)('0' + thousandths / 100 % 10),
                     (char)('0' + thousandths / 10 % 10), (char)('0' + thousandths % 10) };
    size_t n = sizeof text;
    while (n > 3 && text[n - 1] == '0') {
        --n;
    }
    out->bad |= thousandths > 1000;
    peal__sip_put(out, peal_str_of(text, n));
}

static void put_choice(peal__sip_out *out, const peal_str *choices, int number)
{
    int i = 0;
    while (choices[i].p && i + 1 < number) {
        ++i;
    }
    out->bad |= number < 0 || !choices[i].p;
    peal__sip_put(out, choices[i]);
}

static bool is_given(const peal__sip_field *field, const void *from)
{
    switch ((peal__sip_form)field->form) {
    case PEAL__SIP_FORM_NUMBER:
    case PEAL__SIP_FORM_NC:
    case PEAL__SIP_FORM_Q:
        return ((const peal_sip_number *)from)->given;
    case PEAL__SIP_FORM_FLAG:
    case PEAL__SIP_FORM_TRUE:
        return *(const bool *)from;
    case PEAL__SIP_FORM_CHOICE:
        return *(const int *)from != 0;
    case PEAL__SIP_FORM_DONE:
        return false;
    default:
        return ((const peal_str *)from)->p != NULL;
    }
}

static void put_field(peal__sip_out *out, const peal__sip_field *field, const void *from)
{
    const peal_sip_number *number = from;
    const peal_str *text = from;
    switch ((peal__sip_form)field->form) {
    case PEAL__SIP_FORM_TOKEN:
    case PEAL__SIP_FORM_BARE:
        peal__sip_put_token(out, *text);
        break;
    case PEAL__SIP_FORM_VALUE:
        peal__sip_put_value(out, *text);
        break;
    case PEAL__SIP_FORM_QUOTED:
        peal__sip_put_quoted(out, *text);
        break;
    case PEAL__SIP_FORM_ANGLE:
        peal__sip_put(out, PEAL_STR("<"));
        peal__sip_put_uri(out, *text);
        peal__sip_put(out, PEAL_STR(">"));
        break;
    case PEAL__SIP_FORM_HEX32:
        out->bad |= !peal__sip_is_hex32(*text);
        peal__sip_put(out, *text);
        break;
    case PEAL__SIP_FORM_NUMBER:
        peal__sip_put_number(out, number->value);
        break;
    case PEAL__SIP_FORM_NC:
        put_nc(out, number->value);
        break;
    case PEAL__SIP_FORM_Q:
        put_q(out, number->value);
        break;
    case PEAL__SIP_FORM_TRUE:
        peal__sip_put(out, PEAL_STR("true"));
        break;
    case PEAL__SIP_FORM_CHOICE:
        put_choice(out, field->choices, *(const int *)from);
        break;
    case PEAL__SIP_FORM_FLAG:
    case PEAL__SIP_FORM_DONE:
        break;
    }
}

/* Those that have no member. */
static void put_others(peal__sip_out *out, const peal__sip_field *fields, size_t count,
                       char separator, bool *lead, peal_str params)
{
    const char *p = params.p, *end = p + params.n;
    const bool angle = has_angle(fields, count);
    peal_str name, value;
    peal_result r;
    while ((r = peal__sip_any_param(separator, angle, &p, end, &name, &value)) == PEAL_OK) {
        if (find_field(fields, count, name) < count) {
            continue;
        }
        put_name(out, separator, lead, name);
        if (value.n && value.p[0] == '<') {
            peal__sip_put(out, PEAL_STR("="));
            peal__sip_put(out, value);
        } else if (value.n) {
            peal__sip_put(out, PEAL_STR("="));
            peal__sip_put_value(out, value);
        } else if (separator == ',') {
            peal__sip_put(out, PEAL_STR("="));
        }
    }
    out->bad |= r < 0;
}

void peal__sip_fields_put(peal__sip_out *out, const peal__sip_field *fields, size_t count,
                          char separator, bool lead, const void *base, peal_str params)
{
    for (size_t i = 0; i < count; ++i) {
        const void *from = (const char *)base + fields[i].at;
        if (is_given(&fields[i], from)) {
            put_name(out, separator, &lead, fields[i].name);
            if (fields[i].form != PEAL__SIP_FORM_FLAG) {
                peal__sip_put(out, PEAL_STR("="));
            }
            put_field(out, &fields[i], from);
        } else {
            out->bad |= fields[i].needed;
        }
    }
    put_others(out, fields, count, separator, &lead, params);
}
