/* SPDX-License-Identifier: MIT */
/* Telephone numbers, of tel URIs and of the user part of SIP URIs. Any thread.
 * RFC 3966 §3 (grammar), §4 (comparison); RFC 2806 §2.2 (pauses, local numbers without context);
 * RFC 3261 §19.1.1 (telephone-subscriber). */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

static bool is_visual_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')';
}

/* RFC 3966: digits of a local number; RFC 2806: its pauses. */
static bool is_local_digit(char c)
{
    return peal__sip_is_hex(c) || c == '*' || c == '#' || (c | 0x20) == 'p' || (c | 0x20) == 'w';
}

const char *peal__sip_skip_phone(const char *p, const char *end)
{
    size_t digits = 0;
    bool is_global = p < end && *p == '+';
    p += is_global;
    while (p < end) {
        if (is_global ? peal__sip_is_digit(*p) : is_local_digit(*p)) {
            ++digits;
            ++p;
        } else if (!is_global && end - p >= 3 && memcmp(p, "%23", 3) == 0) {
            ++digits; /* '#' cannot stand in a SIP URI as it is */
            p += 3;
        } else if (is_visual_separator(*p)) {
            ++p;
        } else {
            break;
        }
    }
    return digits ? p : NULL;
}

static bool take_params(peal_sip_phone *phone)
{
    const peal_str names[] = { PEAL_STR("ext"), PEAL_STR("isub"), PEAL_STR("phone-context") };
    peal_str *values[] = { &phone->ext, &phone->isub, &phone->context };
    peal_str cursor = phone->params, name, value;
    peal_result r;
    while ((r = peal_sip_param_next(&cursor, &name, &value)) == PEAL_OK) {
        for (size_t i = 0; i < PEAL_COUNT_OF(names); ++i) {
            if (peal_str_ieq(name, names[i])) {
                if (value.n == 0 || values[i]->p) {
                    return false;
                }
                *values[i] = value;
            }
        }
    }
    return r == PEAL_I_END;
}

peal_result peal_sip_phone_decode(peal_str text, peal_sip_phone *ret)
{
    peal_sip_phone phone = { .is_global = text.n && text.p[0] == '+' };
    const char *end = text.n ? text.p + text.n : text.p;
    const char *p = text.n ? peal__sip_skip_phone(text.p, end) : NULL;
    if (!p || (p < end && *p != ';')) {
        return PEAL_E_SIP_URI;
    }
    phone.number = peal__sip_between(text.p, p);
    phone.params = peal__sip_between(p, end);
    if (!take_params(&phone)) {
        return PEAL_E_SIP_URI;
    }
    *ret = phone;
    return PEAL_OK;
}

peal_result peal_sip_uri_phone(const peal_sip_uri *uri, peal_sip_phone *ret)
{
    peal_str kind;
    switch (uri->scheme) {
    case PEAL_SIP_SCHEME_TEL:
        /* Number and parameters stand together; there are no headers. */
        return peal_sip_phone_decode(peal__sip_between(uri->user.p, uri->params.p + uri->params.n),
                                     ret);
    case PEAL_SIP_SCHEME_SIP:
    case PEAL_SIP_SCHEME_SIPS:
        if (peal_sip_uri_param(uri, PEAL_STR("user"), &kind) == PEAL_OK &&
            peal_str_ieq(kind, PEAL_STR("phone"))) {
            return peal_sip_phone_decode(uri->user, ret);
        }
        return PEAL_E_NOT_FOUND;
    case PEAL_SIP_SCHEME_OTHER:
        break;
    }
    return PEAL_E_NOT_FOUND;
}

enum { NO_DIGIT = 0x200 };

/* The next digit, in lower case, with its escape undone; NO_DIGIT at the end. */
static unsigned next_digit(const char **p, const char *end)
{
    while (*p < end) {
        unsigned c = peal__sip_uri_next_char(p, end);
        if (!is_visual_separator((char)c)) {
            return c - 'A' < 26 ? c + 0x20 : c;
        }
    }
    return NO_DIGIT;
}

bool peal__sip_same_number(peal_str a, peal_str b)
{
    const char *p = a.p, *p_end = a.p + a.n;
    const char *q = b.p, *q_end = b.p + b.n;
    for (;;) {
        unsigned x = next_digit(&p, p_end), y = next_digit(&q, q_end);
        if (x != y || x == NO_DIGIT) {
            return x == y;
        }
    }
}

bool peal__sip_phone_param_eq(peal_str name, peal_str a, peal_str b)
{
    /* RFC 3966 §4: these two are numbers; a context may also be a domain. */
    if (peal_str_ieq(name, PEAL_STR("ext")) ||
        (peal_str_ieq(name, PEAL_STR("phone-context")) && a.n && a.p[0] == '+')) {
        return peal__sip_same_number(a, b);
    }
    return peal_sip_uri_text_eq(a, b, true);
}

bool peal_sip_phone_eq(const peal_sip_phone *a, const peal_sip_phone *b)
{
    return a->is_global == b->is_global && peal__sip_same_number(a->number, b->number) &&
           peal__sip_phone_params_eq(a->params, b->params);
}

peal_result peal_sip_phone_digits(peal_str number, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    const char *p = number.p, *end = number.n ? p + number.n : p;
    while (p < end) {
        char c = (char)peal__sip_uri_next_char(&p, end);
        if (!is_visual_separator(c)) {
            peal__sip_put_char(&w, c);
        }
    }
    return peal__sip_write_end(&w);
}

void peal__sip_phone_put_canonical(peal__sip_writer *w, peal_str number)
{
    const char *p = number.p, *end = number.n ? p + number.n : p;
    while (p < end) {
        const char *start = p;
        if (!is_visual_separator((char)peal__sip_uri_next_char(&p, end))) {
            peal__sip_uri_put_canonical(w, PEAL_SIP_URI_PARAM, peal__sip_between(start, p), true);
        }
    }
}
