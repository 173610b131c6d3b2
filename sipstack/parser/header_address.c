/* SPDX-License-Identifier: MIT */
/* name-addr and addr-spec with header parameters. The URI itself is decoded by who needs it. Any
 * thread.
 *
 * RFC 3261 §25.1: From         = (name-addr / addr-spec) *(SEMI from-param)
 *                 name-addr    = [display-name] LAQUOT addr-spec RAQUOT
 *                 addr-spec    = SIP-URI / SIPS-URI / absoluteURI
 *                 display-name = *(token LWS) / quoted-string
 *                 Contact      = STAR / (contact-param *(COMMA contact-param))
 *                 Route, Record-Route = name-addr *(SEMI rr-param), in a list
 *                 Call-Info, Alert-Info, Error-Info = LAQUOT absoluteURI RAQUOT *(SEMI param), too
 * And of the same form: RFC 3515 §2.1 Refer-To, RFC 3892 §5 Referred-By, RFC 3327 §4 Path, RFC 3608
 * §5 Service-Route, RFC 3325 §9 P-Asserted-Identity, P-Preferred-Identity, RFC 6442 §4.1
 * Geolocation, RFC 7315 §5 P-Associated-URI, P-Called-Party-ID, RFC 6794 §5 Policy-Contact … */
#include "sipstack/parser/header_inner.h"

bool peal__sip_has_scheme(peal_str uri)
{
    if (uri.n > 4 && memcmp(uri.p, "sip:", 4) == 0) {
        return true;
    }
    const char *end = uri.p + uri.n;
    const char *p = peal__sip_skip(uri.p, end, PEAL__SIP_TOKEN);
    return p > uri.p && p < end && *p == ':' && peal__sip_is_alpha(uri.p[0]);
}

/* <URI>; gives what follows, NULL when malformed. */
static const char *take_bracketed(peal_sip_address *address, const char *p, const char *end)
{
    const char *stop = peal__sip_skip_angle(++p, end);
    address->uri = peal__sip_between(p, stop);
    return stop < end && *stop == '>' && peal__sip_has_scheme(address->uri) ? stop + 1 : NULL;
}

/* A URI without brackets ends where header parameters start; it has neither parameters of its own
 * nor headers nor a comma (RFC 3261 §20.10, §20). */
static const char *take_bare(peal_sip_address *address, const char *p, const char *end)
{
    const char *stop = p;
    while (stop < end && *stop != ';' && peal__sip_in(*stop, PEAL__SIP_ANGLE)) {
        if (*stop == '?' || *stop == ',') {
            return NULL;
        }
        ++stop;
    }
    address->uri = peal__sip_between(p, stop);
    if (address->uri.n == 1 && *p == '*') {
        return stop == end ? stop : NULL; /* Contact: *, which has no parameters */
    }
    return peal__sip_has_scheme(address->uri) ? stop : NULL;
}

/* Tokens before '<'. Bytes above 127 are let pass: many send names in UTF-8 without quotes. */
static const char *skip_words(const char *p, const char *end)
{
    while (p < end && (peal__sip_in(*p, PEAL__SIP_TOKEN | PEAL__SIP_WS) || (*p & 0x80))) {
        ++p;
    }
    return p;
}

static const char *take_name_and_uri(peal_sip_address *address, const char *p, const char *end)
{
    const char *stop = *p == '"' ? peal__sip_skip_quoted(p, end) : skip_words(p, end);
    if (!stop) {
        return NULL;
    }
    const char *open = peal__sip_skip_ws(stop, end);
    if (open < end && *open == '<') {
        peal_str display = peal__sip_trim(peal__sip_between(p, stop));
        address->display = display.n ? display : peal_str_of(NULL, 0);
        return take_bracketed(address, open, end);
    }
    return *p == '"' ? NULL : take_bare(address, p, end);
}

static bool take_params(peal_sip_address *address, const char *p, const char *end)
{
    peal_str name, value;
    peal_result r;
    address->params = peal__sip_between(p, end);
    if (p < end && *p != ';') {
        return false;
    }
    while ((r = peal__sip_param_take(&p, end, &name, &value)) == PEAL_OK) {
        if (name.n == 3 && peal__sip_token_is(name, PEAL_STR("tag"))) {
            /* An empty tag or a second one would make dialogs ambiguous. */
            if (value.n == 0 || address->tag.p) {
                return false;
            }
            address->tag = value;
        }
    }
    return r == PEAL_I_END;
}

peal_result peal_sip_address_decode(peal_str text, peal_sip_address *ret)
{
    const peal_str absent = { NULL, 0 };
    peal_sip_address address;
    /* One by one: compilers clear whole structs of this size slowly. */
    address.text = peal__sip_trim(text);
    address.display = absent;
    address.tag = absent;
    const char *p = address.text.p;
    const char *end = p + address.text.n;
    p = p < end ? take_name_and_uri(&address, p, end) : NULL;
    if (!p || !take_params(&address, peal__sip_skip_ws(p, end), end)) {
        return PEAL_E_SIP_HEADER;
    }
    *ret = address;
    return PEAL_OK;
}

peal_result peal__sip_address_decode(peal_str text, void *ret)
{
    return peal_sip_address_decode(text, ret);
}

static void put_display(peal__sip_out *out, peal_str display)
{
    const char *p = display.p, *end = p + display.n;
    bool quoted = display.n && *p == '"';
    const char *stop = quoted ? peal__sip_skip_quoted(p, end) : skip_words(p, end);
    out->bad |= stop != end || peal__sip_trim(display).n != display.n;
    if (quoted && display.n >= 2) {
        peal__sip_put_quoted(out, peal_str_of(p + 1, display.n - 2));
    } else {
        peal__sip_put_text(out, display);
    }
    peal__sip_put(out, PEAL_STR(" "));
}

void peal__sip_put_address(peal__sip_out *out, const peal_sip_address *address)
{
    if (peal__sip_is_star(address)) {
        out->bad |= address->display.p || address->params.n || address->tag.p;
        peal__sip_put(out, address->uri);
        return;
    }
    if (address->display.n) {
        put_display(out, address->display);
    }
    peal__sip_put(out, PEAL_STR("<"));
    peal__sip_put_uri(out, address->uri);
    peal__sip_put(out, PEAL_STR(">"));
}

void peal__sip_address_write(peal__sip_out *out, const void *value)
{
    static const peal__sip_field fields[] = {
        PEAL__SIP_FIELD(peal_sip_address, tag, "tag", VALUE),
    };
    const peal_sip_address *address = value;
    peal__sip_put_address(out, address);
    peal__sip_fields_put(out, fields, PEAL_COUNT_OF(fields), ';', true, address, address->params);
}
