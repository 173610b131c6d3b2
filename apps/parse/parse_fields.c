/* SPDX-License-Identifier: MIT */
/* The decoded fields of each kind of header, for a reader. A new kind is one row of the table; most
 * need no function of their own. */
#include "apps/parse/parse_priv.h"

#include <peal/sip/header_access.h>
#include <peal/sip/header_auth.h>
#include <peal/sip/header_date.h>

/* Parts of a part stand further in. */
static int depth;

static void label(const char *name)
{
    peal__parse_putf(PARSE_FIELD, "      %*s%-12s", depth, "", name);
}

static void field(const char *name, peal_str value)
{
    if (value.p) {
        label(name);
        peal__parse_put(PARSE_PLAIN, value);
        (void)putchar('\n');
    }
}

static void number(const char *name, uint64_t value)
{
    label(name);
    (void)printf("%llu\n", (unsigned long long)value);
}

static bool is_one_of(peal_str name, const char *const *names)
{
    for (; names && *names; ++names) {
        if (peal_str_ieq(name, peal_str_z(*names))) {
            return true;
        }
    }
    return false;
}

static void one_param(peal_str name, peal_str value)
{
    size_t columns = peal__parse_columns(name);
    peal__parse_putf(PARSE_FIELD, "      %*s;", depth, "");
    peal__parse_put(PARSE_FIELD, name);
    (void)printf("%*s", value.n ? (int)(columns < 11 ? 11 - columns : 1) : 0, "");
    peal__parse_put(PARSE_PLAIN, value);
    (void)putchar('\n');
}

/* Parameters beyond those that were shown by name. */
static void params(peal_str list, const char *const *shown)
{
    peal_str name, value;
    while (peal_sip_param_next(&list, &name, &value) == PEAL_OK) {
        if (!is_one_of(name, shown)) {
            one_param(name, value);
        }
    }
}

void peal__parse_show_uri(const peal_sip_uri *uri)
{
    field("scheme", uri->scheme_text);
    field("user", uri->user);
    field("password", uri->password);
    field("host", uri->host);
    if (uri->port) {
        number("port", uri->port);
    }
    params(uri->params, NULL);
    field("headers", uri->headers.n ? uri->headers : peal_str_of(NULL, 0));
    field("opaque", uri->opaque.n ? uri->opaque : peal_str_of(NULL, 0));
}

/* value is the kind's struct; text says the same in canonical form. */
typedef void (*show_function)(const void *value, peal_str text);

static void show_via(const void *value, peal_str text)
{
    static const char *const shown[] = { "branch", "received", "rport", "maddr", NULL };
    const peal_sip_via *via = value;
    (void)text;
    field("transport", via->transport_text);
    field("host", via->host);
    if (via->port) {
        number("port", via->port);
    }
    field("branch", via->branch);
    field("received", via->received);
    if (via->rport) {
        number("rport", via->rport);
    } else if (via->has_rport) {
        field("rport", PEAL_STR("(asked for)"));
    }
    field("maddr", via->maddr);
    params(via->params, shown);
}

static void show_address_parts(const peal_sip_address *address)
{
    static const char *const shown[] = { "tag", NULL };
    peal_sip_uri uri;
    field("display", address->display);
    field("uri", address->uri);
    if (peal_sip_uri_decode(address->uri, &uri) >= 0) {
        depth += 2;
        peal__parse_show_uri(&uri);
        depth -= 2;
    }
    field("tag", address->tag);
    params(address->params, address->tag.p ? shown : NULL);
}

/* Also for kinds whose struct begins otherwise: the text is an address with parameters. */
static void show_address(const void *value, peal_str text)
{
    peal_sip_address address;
    (void)value;
    if (peal_sip_address_decode(text, &address) >= 0) {
        show_address_parts(&address);
    }
}

static void show_cseq(const void *value, peal_str text)
{
    const peal_sip_cseq *cseq = value;
    (void)text;
    number("number", cseq->number);
    field("method", cseq->method_text);
}

/* A word or more, then parameters. */
static void show_value(const void *value, peal_str text)
{
    peal_sip_value parts;
    (void)value;
    if (peal_sip_value_decode(text, &parts) >= 0) {
        field("value", parts.value);
        params(parts.params, NULL);
    }
}

static void show_params(const void *value, peal_str text)
{
    (void)value;
    params(text, NULL);
}

/* Digest …: parameters separated by commas. */
static void show_auth_params(const void *value, peal_str text)
{
    peal_str name, parameter;
    (void)value;
    while (peal_sip_auth_param_next(&text, &name, &parameter) == PEAL_OK) {
        one_param(name, parameter);
    }
}

static void show_auth(const void *value, peal_str text)
{
    const char *space = memchr(text.p, ' ', text.n);
    size_t n = space ? (size_t)(space - text.p) : text.n;
    field("scheme", peal_str_of(text.p, n));
    show_auth_params(value, peal_str_of(text.p + n, text.n - n));
}

static void show_date(const void *value, peal_str text)
{
    int64_t seconds;
    (void)text;
    if (peal_sip_date_to_unix(value, &seconds) >= 0) {
        number("unix time", (uint64_t)seconds);
    }
}

/* Kinds whose line says it all have no row. */
static const show_function shows[PEAL_SIP_KIND_COUNT] = {
    [PEAL_SIP_KIND_VIA] = show_via,
    [PEAL_SIP_KIND_ADDRESS] = show_address,
    [PEAL_SIP_KIND_ADDRESS_LIST] = show_address,
    [PEAL_SIP_KIND_HISTORY_INFO] = show_address,
    [PEAL_SIP_KIND_DIVERSION] = show_address,
    [PEAL_SIP_KIND_CSEQ] = show_cseq,
    [PEAL_SIP_KIND_VALUE_PARAMS] = show_value,
    [PEAL_SIP_KIND_VALUE_LIST] = show_value,
    [PEAL_SIP_KIND_SESSION_EXPIRES] = show_value,
    [PEAL_SIP_KIND_MIN_SE] = show_value,
    [PEAL_SIP_KIND_REPLACES] = show_value,
    [PEAL_SIP_KIND_JOIN] = show_value,
    [PEAL_SIP_KIND_TARGET_DIALOG] = show_value,
    [PEAL_SIP_KIND_SESSION_ID] = show_value,
    [PEAL_SIP_KIND_REASON] = show_value,
    [PEAL_SIP_KIND_ANSWER_MODE] = show_value,
    [PEAL_SIP_KIND_EVENT] = show_value,
    [PEAL_SIP_KIND_SUBSCRIPTION_STATE] = show_value,
    [PEAL_SIP_KIND_IDENTITY] = show_value,
    [PEAL_SIP_KIND_RETRY_AFTER] = show_value,
    [PEAL_SIP_KIND_PARAMS] = show_params,
    [PEAL_SIP_KIND_CHARGING_VECTOR] = show_params,
    [PEAL_SIP_KIND_CHALLENGE] = show_auth,
    [PEAL_SIP_KIND_CREDENTIALS] = show_auth,
    [PEAL_SIP_KIND_AUTH_INFO] = show_auth_params,
    [PEAL_SIP_KIND_DATE] = show_date,
};

void peal__parse_show_fields(peal_sip_packet *packet, const peal_sip_line *line, size_t *nth)
{
    peal_sip_header_kind kind = peal_sip_header_kind_of(line->id);
    size_t count = peal__parse_values_of(line);
    for (size_t i = 0; shows[kind] && i < count; ++i) {
        const void *value;
        peal_blob text;
        if (peal_sip_packet_get(packet, line->id, kind, (*nth)++, &value) < 0) {
            return; /* malformed, or left out: the line is all there is */
        }
        if (i > 0) {
            peal__parse_putz(PARSE_DIM, "      ,");
            (void)putchar('\n');
        }
        peal_blob_init(&text, 0);
        if (peal_sip_kind_encode(kind, value, &text) >= 0) {
            shows[kind](value, peal_blob_str(&text));
        }
        peal_blob_fini(&text);
    }
}

size_t peal__parse_values_of(const peal_sip_line *line)
{
    size_t count = 0;
    peal_str list = line->value, value;
    if (!peal_sip_kind_is_list(peal_sip_header_kind_of(line->id))) {
        return 1;
    }
    while (peal_sip_list_next(&list, &value) == PEAL_OK) {
        ++count;
    }
    return count;
}
