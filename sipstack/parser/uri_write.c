/* SPDX-License-Identifier: MIT */
/* Making URIs: of parts, and the canonical form of one. What was made is decoded again, so nothing
 * leaves that would be read differently. Any thread. RFC 3261 §19.1.1, §19.1.2; RFC 3966 §3;
 * RFC 5952 (text of IPv6 addresses). */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

/* Room for as many as peal__sip_too_many() lets pass. */
enum { FIELDS_MAX = 65 };

static void put_escaped(peal__sip_writer *w, peal_sip_uri_part part, peal_str text)
{
    if (w->result >= 0) {
        w->result = peal_sip_uri_escape(part, text, w->blob);
    }
}

static peal_str scheme_text(peal_sip_scheme scheme)
{
    return scheme == PEAL_SIP_SCHEME_TEL    ? PEAL_STR("tel:")
           : scheme == PEAL_SIP_SCHEME_SIPS ? PEAL_STR("sips:")
                                            : PEAL_STR("sip:");
}

/* An address with colons gets its brackets. */
static void put_host(peal__sip_writer *w, peal_str host)
{
    bool bare = host.n && host.p[0] != '[' && memchr(host.p, ':', host.n);
    peal__sip_put(w, bare ? PEAL_STR("[") : PEAL_STR(""));
    peal__sip_put(w, host);
    peal__sip_put(w, bare ? PEAL_STR("]") : PEAL_STR(""));
    if (host.n && (bare || host.p[0] == '[')) {
        peal_socket_addr addr;
        if (peal_socket_addr_parse(host, 0, &addr) < 0) {
            peal__sip_put_fail(w, PEAL_E_ARGUMENT);
        }
    }
}

static void put_port(peal__sip_writer *w, uint16_t port)
{
    char text[20];
    if (port) {
        peal__sip_put_char(w, ':');
        peal__sip_put(w, peal_str_of(text, peal__sip_format_number(port, text)));
    }
}

/* RFC 3261 §19.1.1: no parameter twice. */
static bool stands_before(const peal_sip_uri_field *fields, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (peal_str_ieq(fields[i].name, fields[count].name)) {
            return true;
        }
    }
    return false;
}

static void put_params(peal__sip_writer *w, const peal_sip_uri_source *source)
{
    for (size_t i = 0; i < source->param_count; ++i) {
        const peal_sip_uri_field *field = &source->params[i];
        if (field->name.n == 0 || stands_before(source->params, i)) {
            peal__sip_put_fail(w, PEAL_E_ARGUMENT);
        }
        peal__sip_put_char(w, ';');
        put_escaped(w, PEAL_SIP_URI_PARAM, field->name);
        if (field->value.n) {
            peal__sip_put_char(w, '=');
            put_escaped(w, PEAL_SIP_URI_PARAM, field->value);
        }
    }
}

static void put_headers(peal__sip_writer *w, const peal_sip_uri_source *source)
{
    for (size_t i = 0; i < source->header_count; ++i) {
        const peal_sip_uri_field *field = &source->headers[i];
        if (field->name.n == 0) {
            peal__sip_put_fail(w, PEAL_E_ARGUMENT);
        }
        peal__sip_put_char(w, i ? '&' : '?');
        put_escaped(w, PEAL_SIP_URI_HEADER, field->name);
        peal__sip_put_char(w, '=');
        put_escaped(w, PEAL_SIP_URI_HEADER, field->value);
    }
}

/* What was written is a URI with the host and number of the source. */
static bool reads_as_meant(peal_str text, const peal_sip_uri_source *source)
{
    peal_sip_uri uri;
    if (peal_sip_uri_decode(text, &uri) < 0) {
        return false;
    }
    if (source->scheme == PEAL_SIP_SCHEME_TEL) {
        return peal_str_eq(uri.user, source->user);
    }
    peal_str host = source->host;
    if (uri.host.n == host.n + 2) {
        uri.host = peal_str_of(uri.host.p + 1, host.n);
    }
    return peal_str_eq(uri.host, host) && uri.port == source->port;
}

static bool source_ok(const peal_sip_uri_source *source)
{
    if (source->scheme == PEAL_SIP_SCHEME_TEL) {
        return source->user.n && !source->password.p && !source->host.p && !source->port &&
               !source->header_count;
    }
    return source->scheme != PEAL_SIP_SCHEME_OTHER && source->host.n &&
           (source->user.n || (!source->user.p && !source->password.p));
}

peal_result peal_sip_uri_encode(const peal_sip_uri_source *source, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    if (source->size < sizeof *source || !source_ok(source)) {
        return PEAL_E_ARGUMENT;
    }
    peal__sip_put(&w, scheme_text(source->scheme));
    if (source->scheme == PEAL_SIP_SCHEME_TEL) {
        peal__sip_put(&w, source->user);
    } else {
        if (source->user.p) {
            put_escaped(&w, PEAL_SIP_URI_USER, source->user);
            peal__sip_put(&w, source->password.p ? PEAL_STR(":") : PEAL_STR(""));
            put_escaped(&w, PEAL_SIP_URI_PASSWORD, source->password);
            peal__sip_put_char(&w, '@');
        }
        put_host(&w, source->host);
        put_port(&w, source->port);
    }
    put_params(&w, source);
    put_headers(&w, source);
    if (w.result >= 0 && !reads_as_meant(peal__sip_written(&w), source)) {
        peal__sip_put_fail(&w, PEAL_E_ARGUMENT);
    }
    return peal__sip_write_end(&w);
}

static void put_lower(peal__sip_writer *w, peal_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        char c = text.p[i];
        peal__sip_put_char(w, c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c);
    }
}

static void put_canonical_host(peal__sip_writer *w, peal_str host)
{
    peal_socket_addr addr;
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    if (host.n && host.p[0] == '[' && peal_socket_addr_parse(host, 0, &addr) >= 0) {
        peal__sip_put(w, peal_str_of(text, peal_socket_addr_format(&addr, false, text)));
    } else {
        put_lower(w, host);
    }
}

/* The order of two names in their canonical form. */
static int name_order(peal_str a, peal_str b)
{
    const char *p = a.p, *p_end = a.p + a.n, *q = b.p, *q_end = b.p + b.n;
    while (p < p_end && q < q_end) {
        unsigned x = peal__sip_uri_next_char(&p, p_end), y = peal__sip_uri_next_char(&q, q_end);
        x += x - 'A' < 26 ? 0x20 : 0;
        y += y - 'A' < 26 ? 0x20 : 0;
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return (p < p_end) - (q < q_end);
}

typedef struct field_list {
    size_t count;
    peal_sip_uri_field fields[FIELDS_MAX];
} field_list;

/* By insertion, so that fields of one name keep their order. */
static void insert_field(field_list *list, peal_str name, peal_str value, bool once)
{
    size_t at = list->count;
    while (at > 0 && name_order(list->fields[at - 1].name, name) > 0) {
        --at;
    }
    if (list->count == FIELDS_MAX ||
        (once && at > 0 && name_order(list->fields[at - 1].name, name) == 0)) {
        return;
    }
    memmove(&list->fields[at + 1], &list->fields[at], (list->count - at) * sizeof *list->fields);
    list->fields[at] = (peal_sip_uri_field){ name, value };
    ++list->count;
}

static void put_sorted_params(peal__sip_writer *w, const peal_sip_uri *uri)
{
    field_list list = { .count = 0 };
    peal_str cursor = uri->params, name, value;
    bool is_tel = uri->scheme == PEAL_SIP_SCHEME_TEL;
    while (peal_sip_param_next(&cursor, &name, &value) == PEAL_OK) {
        insert_field(&list, name, value, true);
    }
    for (size_t i = 0; i < list.count && w->result >= 0; ++i) {
        name = list.fields[i].name;
        value = list.fields[i].value;
        bool is_number =
            is_tel &&
            (peal_str_ieq(name, PEAL_STR("ext")) ||
             (peal_str_ieq(name, PEAL_STR("phone-context")) && value.n && value.p[0] == '+'));
        bool is_empty = is_number ? peal__sip_same_number(value, PEAL_STR("")) : value.n == 0;
        peal__sip_put_char(w, ';');
        peal__sip_uri_put_canonical(w, PEAL_SIP_URI_PARAM, name, true);
        peal__sip_put(w, is_empty ? PEAL_STR("") : PEAL_STR("="));
        if (is_number) {
            peal__sip_phone_put_canonical(w, value);
        } else {
            peal__sip_uri_put_canonical(w, PEAL_SIP_URI_PARAM, value, true);
        }
    }
}

static void put_sorted_headers(peal__sip_writer *w, const peal_sip_uri *uri)
{
    field_list list = { .count = 0 };
    peal_str cursor = uri->headers, name, value;
    while (peal_sip_uri_header_next(&cursor, &name, &value) == PEAL_OK) {
        insert_field(&list, name, value, false);
    }
    for (size_t i = 0; i < list.count && w->result >= 0; ++i) {
        peal__sip_put_char(w, i ? '&' : '?');
        peal__sip_uri_put_canonical(w, PEAL_SIP_URI_HEADER, list.fields[i].name, true);
        peal__sip_put_char(w, '=');
        peal__sip_uri_put_canonical(w, PEAL_SIP_URI_HEADER, list.fields[i].value, false);
    }
}

/* What a number may hold needs no escape in a tel URI. */
static void put_canonical_tel(peal__sip_writer *w, const peal_sip_uri *uri)
{
    const char *p = uri->user.p, *end = p + uri->user.n;
    while (p < end) {
        char digit = (char)peal__sip_uri_next_char(&p, end);
        if (!memchr("-.()", digit, 4)) {
            put_lower(w, peal_str_of(&digit, 1));
        }
    }
    put_sorted_params(w, uri);
}

static void put_canonical_sip(peal__sip_writer *w, const peal_sip_uri *uri)
{
    if (uri->user.p) {
        peal__sip_uri_put_canonical(w, PEAL_SIP_URI_USER, uri->user, false);
        if (uri->password.p) {
            peal__sip_put_char(w, ':');
            peal__sip_uri_put_canonical(w, PEAL_SIP_URI_PASSWORD, uri->password, false);
        }
        peal__sip_put_char(w, '@');
    }
    put_canonical_host(w, uri->host);
    put_port(w, uri->port);
    put_sorted_params(w, uri);
    put_sorted_headers(w, uri);
}

peal_result peal_sip_uri_canonical(const peal_sip_uri *uri, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    peal_str nid, nss;
    if (peal__sip_too_many(uri->params, ';') || peal__sip_too_many(uri->headers, '&')) {
        return PEAL_E_LIMIT;
    }
    put_lower(&w, uri->scheme_text);
    peal__sip_put_char(&w, ':');
    switch (uri->scheme) {
    case PEAL_SIP_SCHEME_SIP:
    case PEAL_SIP_SCHEME_SIPS:
        put_canonical_sip(&w, uri);
        break;
    case PEAL_SIP_SCHEME_TEL:
        put_canonical_tel(&w, uri);
        break;
    case PEAL_SIP_SCHEME_OTHER:
        if (peal_sip_uri_urn(uri, &nid, &nss) >= 0) {
            put_lower(&w, nid);
            peal__sip_put_char(&w, ':');
            peal__sip_put(&w, nss);
        } else {
            peal__sip_put(&w, uri->opaque);
        }
        break;
    }
    return peal__sip_write_end(&w);
}
