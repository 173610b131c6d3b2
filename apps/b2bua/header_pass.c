/* SPDX-License-Identifier: MIT */
/* Which headers cross from one leg to the other, and how. Core thread.
 *
 * What belongs to a hop, a dialog or a transaction stays on its leg and is written anew on the
 * other (Via, Route, Record-Route, From, To, Call-ID, CSeq, Contact, Max-Forwards); so does what
 * presents this element (User-Agent, Server). What speaks from user to user crosses as it is:
 * Subject, Priority, Date, Reason, Warning, credentials and challenges, Retry-After …, the body
 * with all its Content-… headers, and every other header, except those of extensions that need an
 * element on each leg which understands them (RFC 3262, 4028, 3891, 3911, 4538, 3327, 3608, 3329,
 * 3325, 5626). Allow, Supported and Require cross reduced to what works through this program.
 * Contact crosses in 3xx and 485 only: there it names others (RFC 3261 §8.1.3.4, §21.4.22). */
#include "apps/b2bua/b2bua_priv.h"

/* The default is to cross. */
enum { STAYS = 1, REQUESTS, RESPONSES };

static const uint8_t crossing[PEAL_SIP_HEADER_COUNT] = {
    [PEAL_SIP_HEADER_VIA] = STAYS,
    [PEAL_SIP_HEADER_ROUTE] = STAYS,
    [PEAL_SIP_HEADER_RECORD_ROUTE] = STAYS,
    [PEAL_SIP_HEADER_FROM] = STAYS,
    [PEAL_SIP_HEADER_TO] = STAYS,
    [PEAL_SIP_HEADER_CALL_ID] = STAYS,
    [PEAL_SIP_HEADER_CSEQ] = STAYS,
    [PEAL_SIP_HEADER_MAX_FORWARDS] = STAYS,
    [PEAL_SIP_HEADER_USER_AGENT] = STAYS,
    [PEAL_SIP_HEADER_SERVER] = STAYS,
    [PEAL_SIP_HEADER_TIMESTAMP] = STAYS,
    [PEAL_SIP_HEADER_ALLOW] = STAYS,
    [PEAL_SIP_HEADER_SUPPORTED] = STAYS,
    [PEAL_SIP_HEADER_REQUIRE] = STAYS,
    [PEAL_SIP_HEADER_PROXY_REQUIRE] = STAYS,
    /* The body brings its own. */
    [PEAL_SIP_HEADER_CONTENT_LENGTH] = STAYS,
    [PEAL_SIP_HEADER_CONTENT_TYPE] = STAYS,
    [PEAL_SIP_HEADER_CONTENT_DISPOSITION] = STAYS,
    [PEAL_SIP_HEADER_CONTENT_ENCODING] = STAYS,
    [PEAL_SIP_HEADER_CONTENT_LANGUAGE] = STAYS,
    [PEAL_SIP_HEADER_CONTENT_ID] = STAYS,
    /* Extensions that bind to one dialog, hop or trusted peer. */
    [PEAL_SIP_HEADER_RSEQ] = STAYS,
    [PEAL_SIP_HEADER_RACK] = STAYS,
    [PEAL_SIP_HEADER_SESSION_EXPIRES] = STAYS,
    [PEAL_SIP_HEADER_MIN_SE] = STAYS,
    [PEAL_SIP_HEADER_REPLACES] = STAYS,
    [PEAL_SIP_HEADER_JOIN] = STAYS,
    [PEAL_SIP_HEADER_TARGET_DIALOG] = STAYS,
    [PEAL_SIP_HEADER_PATH] = STAYS,
    [PEAL_SIP_HEADER_SERVICE_ROUTE] = STAYS,
    [PEAL_SIP_HEADER_SECURITY_CLIENT] = STAYS,
    [PEAL_SIP_HEADER_SECURITY_SERVER] = STAYS,
    [PEAL_SIP_HEADER_SECURITY_VERIFY] = STAYS,
    [PEAL_SIP_HEADER_P_ASSERTED_IDENTITY] = STAYS,
    [PEAL_SIP_HEADER_P_PREFERRED_IDENTITY] = STAYS,
    [PEAL_SIP_HEADER_FLOW_TIMER] = STAYS,
    /* Those that mean something in one direction. */
    [PEAL_SIP_HEADER_MIN_EXPIRES] = RESPONSES,
    [PEAL_SIP_HEADER_RETRY_AFTER] = RESPONSES,
    [PEAL_SIP_HEADER_SUBJECT] = REQUESTS,
    [PEAL_SIP_HEADER_PRIORITY] = REQUESTS,
    [PEAL_SIP_HEADER_WARNING] = RESPONSES,
    [PEAL_SIP_HEADER_ERROR_INFO] = RESPONSES,
    [PEAL_SIP_HEADER_IN_REPLY_TO] = REQUESTS,
    [PEAL_SIP_HEADER_UNSUPPORTED] = RESPONSES,
    [PEAL_SIP_HEADER_AUTHORIZATION] = REQUESTS,
    [PEAL_SIP_HEADER_PROXY_AUTHORIZATION] = REQUESTS,
    [PEAL_SIP_HEADER_WWW_AUTHENTICATE] = RESPONSES,
    [PEAL_SIP_HEADER_PROXY_AUTHENTICATE] = RESPONSES,
    [PEAL_SIP_HEADER_AUTHENTICATION_INFO] = RESPONSES,
};

/* The lists are this program's own: their separator is always the same. */
bool peal__text_has_token(peal_str list, peal_str token)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        const size_t n = comma ? (size_t)(comma - list.p) : list.n;
        const size_t used = comma ? n + sizeof ", " - 1 : n;
        if (n == token.n && peal_str_ieq(peal_str_of(list.p, n), token)) {
            return true;
        }
        list = peal_str_of(list.p + used, list.n - used);
    }
    return false;
}

/* The body brings its own Content-… headers. */
static bool other_crosses(peal_str name)
{
    return name.n <= 8 || !peal_str_ieq(peal_str_of(name.p, 8), PEAL_STR("Content-"));
}

static bool contact_crosses(const peal_sip_packet *from)
{
    unsigned status = peal_sip_packet_status(from);
    return (status >= 300 && status < 400) || status == 485;
}

static bool known_crosses(peal_sip_header_id id, const peal_sip_packet *from)
{
    if (id == PEAL_SIP_HEADER_CONTACT) {
        return contact_crosses(from);
    }
    return crossing[id] == 0 ||
           crossing[id] == (peal_sip_packet_is_request(from) ? REQUESTS : RESPONSES);
}

/* A folded value is written on one line (RFC 3261 §7.3.1). */
static peal_result unfold(peal_sip_packet *to, peal_str *value)
{
    if (!memchr(value->p, '\n', value->n) && !memchr(value->p, '\r', value->n)) {
        return PEAL_OK;
    }
    char *text = peal_sip_packet_alloc(to, value->n);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    for (size_t i = 0; i < value->n; i++) {
        text[i] = value->p[i] == '\r' || value->p[i] == '\n' ? ' ' : value->p[i];
    }
    value->p = text;
    return PEAL_OK;
}

/* Joins parts in the packet's own memory. */
peal_result peal__headers_join(peal_sip_packet *packet, const peal_str *parts, size_t count,
                               peal_str *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += parts[i].n;
    }
    char *text = peal_sip_packet_alloc(packet, n ? n : 1);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    n = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n) {
            memcpy(text + n, parts[i].p, parts[i].n);
            n += parts[i].n;
        }
    }
    *ret = peal_str_of(text, n);
    return PEAL_OK;
}

static peal_result pass_line(peal_sip_packet *to, peal_sip_line *line)
{
    if (line->value.n == 0 && line->id != PEAL_SIP_HEADER_OTHER) {
        return peal_sip_packet_add(to, line->id, PEAL_STR(""));
    }
    peal_result r = line->value.n ? unfold(to, &line->value) : PEAL_OK;
    if (r < 0) {
        return r;
    }
    if (line->id == PEAL_SIP_HEADER_OTHER) {
        return peal_sip_packet_add_named(to, line->name, line->value);
    }
    return peal_sip_packet_add(to, line->id, line->value);
}

/* The tokens of @p id that are in @p allowed, as one line; none at all when none is left. */
static peal_result pass_tokens(peal_sip_packet *to, peal_sip_packet *from, peal_sip_header_id id,
                               peal_str allowed)
{
    peal_str parts[32];
    size_t count = 0;
    peal_str token;
    if (!peal_sip_packet_has(from, id)) {
        return PEAL_OK;
    }
    for (size_t i = 0;
         count + 2 <= PEAL_COUNT_OF(parts) && peal_sip_packet_token(from, id, i, &token) >= 0;
         i++) {
        if (peal__text_has_token(allowed, token)) {
            if (count) {
                parts[count++] = PEAL_STR(", ");
            }
            parts[count++] = token;
        }
    }
    return count ? peal_sip_packet_setv(to, id, parts, count) : PEAL_OK;
}

static peal_result pass_lines(peal_sip_packet *to, peal_sip_packet *from)
{
    peal_sip_line line;
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && peal_sip_packet_line(from, i, &line) >= 0; i++) {
        bool crosses = line.id == PEAL_SIP_HEADER_OTHER ? other_crosses(line.name)
                                                        : known_crosses(line.id, from);
        r = crosses ? pass_line(to, &line) : PEAL_OK;
    }
    return r;
}

peal_result peal__headers_pass(peal_sip_packet *to, peal_sip_packet *from)
{
    peal_result r = pass_lines(to, from);
    if (r >= 0) {
        r = pass_tokens(to, from, PEAL_SIP_HEADER_ALLOW, PEAL_STR(B2BUA_ALLOW_IN_DIALOG));
    }
    if (r >= 0) {
        r = pass_tokens(to, from, PEAL_SIP_HEADER_SUPPORTED, PEAL_STR(B2BUA_SUPPORTED));
    }
    if (r >= 0) {
        r = pass_tokens(to, from, PEAL_SIP_HEADER_REQUIRE, PEAL_STR(B2BUA_SUPPORTED));
    }
    if (r >= 0 && peal_sip_packet_body(from).n) {
        r = peal_sip_packet_set_body_from(to, from);
    }
    return r;
}

peal_result peal__headers_count_down(peal_sip_packet *to, peal_sip_packet *from)
{
    uint32_t left = 0;
    peal_result r = peal_sip_packet_number(from, PEAL_SIP_HEADER_MAX_FORWARDS, &left);
    if (r == PEAL_E_NOT_FOUND) {
        left = 71; /* RFC 3261 §16.6 item 3: none given means the usual 70 from here */
    } else if (r < 0) {
        return r;
    }
    if (left == 0) {
        return PEAL_E_LIMIT;
    }
    return peal_sip_packet_set_number(to, PEAL_SIP_HEADER_MAX_FORWARDS, left - 1);
}

unsigned peal__headers_status_of(peal_result why)
{
    switch (why) {
    case PEAL_E_LIMIT:
        return 483;
    case PEAL_E_SIP_HEADER:
        return 400;
    case PEAL_E_SIP_NO_DIALOG:
        return 481;
    case PEAL_E_SIP_GLARE:
        return 491;
    default:
        return 500;
    }
}

/* RFC 3326 §2: one line for each protocol, or all of them in one. What there is no room for is left
 * out: a CANCEL without its reason cancels as well. */
peal_str peal__headers_reason(peal_sip_packet *packet)
{
    peal_str parts[64];
    size_t count = 0;
    peal_str value;
    for (size_t i = 0; count + 2 <= PEAL_COUNT_OF(parts); i++) {
        value = peal_sip_packet_value(packet, PEAL_SIP_HEADER_REASON, i);
        if (!value.p) {
            break;
        }
        if (value.n) {
            parts[count] = PEAL_STR(", ");
            count += count != 0;
            parts[count++] = value;
        }
    }
    return count && peal__headers_join(packet, parts, count, &value) >= 0 ? value : B2BUA_NONE;
}
