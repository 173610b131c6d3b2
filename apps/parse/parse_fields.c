/* SPDX-License-Identifier: MIT */
/* How peal-parse shows and writes each kind of header. A new kind is one pair of functions and one
 * row of the table. */
#include "apps/parse/parse_priv.h"

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

/* Parameters beyond those that were shown by name. */
static void params(peal_str list, const char *const *shown)
{
    peal_str name, value;
    while (peal_sip_param_next(&list, &name, &value) == PEAL_OK) {
        if (is_one_of(name, shown)) {
            continue;
        }
        peal__parse_putf(PARSE_FIELD, "      %*s;", depth, "");
        peal__parse_put(PARSE_FIELD, name);
        size_t columns = peal__parse_columns(name);
        (void)printf("%*s", value.n ? (int)(columns < 11 ? 11 - columns : 1) : 0, "");
        peal__parse_put(PARSE_PLAIN, value);
        (void)putchar('\n');
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

static bool write_params(peal_blob *out, peal_str list)
{
    peal_str name, value;
    bool ok = true;
    while (ok && peal_sip_param_next(&list, &name, &value) == PEAL_OK) {
        ok = peal_blob_append(out, PEAL_STR(";")) >= 0 && peal_blob_append(out, name) >= 0 &&
             (value.n == 0 || (peal_blob_append(out, PEAL_STR("=")) >= 0 &&
                               peal__parse_squeeze(out, value) >= 0));
    }
    return ok;
}

/* ---- Via ---- */

static bool show_via(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    static const char *const shown[] = { "branch", "received", "rport", "maddr", NULL };
    const peal_sip_via *via;
    (void)id;
    if (peal_sip_packet_via(packet, nth, &via) < 0) {
        return false;
    }
    field("transport", via->transport_text);
    field("host", via->host);
    if (via->port) {
        number("port", via->port);
    }
    field("branch", via->branch);
    field("received", via->received);
    if (via->has_rport) {
        via->rport ? number("rport", via->rport) : field("rport", PEAL_STR("asked for"));
    }
    field("maddr", via->maddr);
    params(via->params, shown);
    return true;
}

static bool write_via(peal_blob *out, peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    const peal_sip_via *via;
    (void)id;
    if (peal_sip_packet_via(packet, nth, &via) < 0) {
        return false;
    }
    bool ok = peal_blob_printf(out, "SIP/2.0/%.*s %.*s", PEAL_STR_ARG(via->transport_text),
                               PEAL_STR_ARG(via->host)) >= 0 &&
              (via->port == 0 || peal_blob_printf(out, ":%u", via->port) >= 0);
    return ok && write_params(out, via->params);
}

/* ---- From, To, Contact, Route … ---- */

static bool show_address(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    static const char *const shown[] = { "tag", NULL };
    const peal_sip_address *address;
    peal_sip_uri uri;
    bool single = id == PEAL_SIP_HEADER_FROM || id == PEAL_SIP_HEADER_TO;
    if ((single && nth > 0) || peal_sip_packet_address(packet, id, nth, &address) < 0) {
        return false;
    }
    field("display", address->display);
    field("uri", address->uri);
    if (peal_sip_uri_decode(address->uri, &uri) >= 0) {
        depth += 2;
        peal__parse_show_uri(&uri);
        depth -= 2;
    }
    field("tag", address->tag);
    params(address->params, address->tag.p ? shown : NULL);
    return true;
}

static bool write_address(peal_blob *out, peal_sip_packet *packet, peal_sip_header_id id,
                          size_t nth)
{
    const peal_sip_address *address;
    if (peal_sip_packet_address(packet, id, nth, &address) < 0) {
        return false;
    }
    if (peal_str_eq(address->uri, PEAL_STR("*"))) {
        return peal_blob_append(out, address->uri) >= 0;
    }
    bool ok = !address->display.p || (peal__parse_squeeze(out, address->display) >= 0 &&
                                      peal_blob_append(out, PEAL_STR(" ")) >= 0);
    return ok && peal_blob_printf(out, "<%.*s>", PEAL_STR_ARG(address->uri)) >= 0 &&
           write_params(out, address->params);
}

/* ---- CSeq ---- */

static bool show_cseq(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    const peal_sip_cseq *cseq;
    (void)id;
    if (nth > 0 || peal_sip_packet_cseq(packet, &cseq) < 0) {
        return false;
    }
    number("number", cseq->number);
    field("method", cseq->method_text);
    return true;
}

static bool write_cseq(peal_blob *out, peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    const peal_sip_cseq *cseq;
    (void)id;
    return nth == 0 && peal_sip_packet_cseq(packet, &cseq) >= 0 &&
           peal_blob_printf(out, "%lu %.*s", (unsigned long)cseq->number,
                            PEAL_STR_ARG(cseq->method_text)) >= 0;
}

/* ---- Max-Forwards, Expires … ---- */

static bool show_number(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    uint32_t value;
    if (nth > 0 || peal_sip_packet_number(packet, id, &value) < 0) {
        return false;
    }
    number("number", value);
    return true;
}

static bool write_number(peal_blob *out, peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    uint32_t value;
    return nth == 0 && peal_sip_packet_number(packet, id, &value) >= 0 &&
           peal_blob_printf(out, "%lu", (unsigned long)value) >= 0;
}

/* ---- Require, Allow … ---- */

static bool show_token(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    peal_str token;
    if (peal_sip_packet_token(packet, id, nth, &token) < 0) {
        return false;
    }
    field("token", token);
    return true;
}

static bool write_token(peal_blob *out, peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    peal_str token;
    return peal_sip_packet_token(packet, id, nth, &token) >= 0 &&
           peal__parse_squeeze(out, token) >= 0;
}

/* ---- Content-Type, Retry-After … ---- */

static bool show_value(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    peal_sip_value value;
    if (nth > 0 || peal_sip_packet_value_params(packet, id, &value) < 0) {
        return false;
    }
    field("value", value.value);
    params(value.params, NULL);
    return true;
}

/* ---- which header is of which kind ---- */

static const parse_kind *const kinds[] = {
    [PEAL_SIP_KIND_VIA] = &(const parse_kind){ show_via, write_via, true },
    [PEAL_SIP_KIND_ADDRESS] = &(const parse_kind){ show_address, write_address, false },
    [PEAL_SIP_KIND_ADDRESS_LIST] = &(const parse_kind){ show_address, write_address, true },
    [PEAL_SIP_KIND_CSEQ] = &(const parse_kind){ show_cseq, write_cseq, false },
    [PEAL_SIP_KIND_NUMBER] = &(const parse_kind){ show_number, write_number, false },
    [PEAL_SIP_KIND_TOKENS] = &(const parse_kind){ show_token, write_token, true },
    /* A comment may stand in it, which is no field: written as it is. */
    [PEAL_SIP_KIND_VALUE_PARAMS] = &(const parse_kind){ show_value, NULL, false },
};

#define ROW(id, name, compact, kind, single) [PEAL_SIP_HEADER_##id] = PEAL_SIP_KIND_##kind,
static const uint8_t kind_of[PEAL_SIP_HEADER_COUNT] = { PEAL_SIP_HEADER_TABLE(ROW) };
#undef ROW

const parse_kind *peal__parse_kind_of(peal_sip_header_id id)
{
    static const parse_kind none;
    unsigned kind = (unsigned)id < PEAL_SIP_HEADER_COUNT ? kind_of[id] : 0;
    return kind < PEAL_COUNT_OF(kinds) && kinds[kind] ? kinds[kind] : &none;
}

size_t peal__parse_values_of(const peal_sip_line *line)
{
    size_t count = 0;
    peal_str list = line->value, value;
    if (!peal__parse_kind_of(line->id)->list) {
        return 1;
    }
    while (peal_sip_list_next(&list, &value) == PEAL_OK) {
        ++count;
    }
    return count;
}
