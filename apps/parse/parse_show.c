/* SPDX-License-Identifier: MIT */
/* The structure of a message for a reader: start line, headers with their decoded fields, body. */
#include "apps/parse/parse_priv.h"

static void show_start(peal_sip_packet *packet)
{
    const peal_sip_uri *uri;
    if (!peal_sip_packet_is_request(packet)) {
        peal__parse_putf(PARSE_TITLE, "response %u ", peal_sip_packet_status(packet));
        peal__parse_put(PARSE_TITLE, peal_sip_packet_reason(packet));
        peal__parse_putz(PARSE_DIM, " (to ");
        peal__parse_put(PARSE_DIM, peal_sip_packet_method_text(packet));
        peal__parse_putz(PARSE_DIM, ")");
        (void)putchar('\n');
        return;
    }
    peal__parse_putz(PARSE_TITLE, "request ");
    peal__parse_put(PARSE_TITLE, peal_sip_packet_method_text(packet));
    peal__parse_putz(PARSE_TITLE, " ");
    peal__parse_put(PARSE_TITLE, peal_sip_packet_request_uri(packet));
    (void)putchar('\n');
    if (peal_sip_packet_request_uri_decoded(packet, &uri) >= 0) {
        peal__parse_show_uri(uri);
    }
}

static void show_line(peal_sip_packet *packet, const peal_sip_line *line, size_t *nth)
{
    peal_str name = line->id ? peal_sip_header_name(line->id) : line->name;
    peal__parse_putz(PARSE_PLAIN, "  ");
    peal__parse_put(PARSE_NAME, name);
    if (!peal_str_ieq(name, line->name)) {
        peal__parse_putz(PARSE_DIM, " (");
        peal__parse_put(PARSE_DIM, line->name);
        peal__parse_putz(PARSE_DIM, ")");
    }
    peal__parse_putz(PARSE_PLAIN, ": ");
    peal_blob value;
    peal_blob_init(&value, 0);
    if (peal__parse_squeeze(&value, line->value) >= 0) {
        peal__parse_put(PARSE_PLAIN, peal_blob_str(&value));
    }
    peal_blob_fini(&value);
    (void)putchar('\n');
    peal__parse_show_fields(packet, line, &nth[line->id]);
}

/* Text by lines; anything else by sixteen bytes. */
static bool is_text(peal_str body)
{
    for (size_t i = 0; i < body.n; ++i) {
        unsigned char c = (unsigned char)body.p[i];
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void show_text(peal_str body)
{
    while (body.n) {
        const char *stop = memchr(body.p, '\n', body.n);
        size_t n = stop ? (size_t)(stop - body.p) : body.n;
        size_t shown = n && body.p[n - 1] == '\r' ? n - 1 : n;
        peal__parse_putz(PARSE_DIM, "  | ");
        peal__parse_put(PARSE_PLAIN, peal_str_of(body.p, shown));
        (void)putchar('\n');
        n += stop != NULL;
        body = peal_str_of(body.p + n, body.n - n);
    }
}

static void show_bytes(peal_str body)
{
    for (size_t at = 0; at < body.n; at += 16) {
        size_t n = body.n - at < 16 ? body.n - at : 16;
        peal__parse_putf(PARSE_DIM, "  | %06zx ", at);
        for (size_t i = 0; i < 16; ++i) {
            (void)(i < n ? printf(" %02x", (unsigned char)body.p[at + i]) : printf("   "));
        }
        (void)fputs("  ", stdout);
        for (size_t i = 0; i < n; ++i) {
            char c = body.p[at + i];
            (void)putchar(c >= ' ' && c < 0x7f ? c : '.');
        }
        (void)putchar('\n');
    }
}

static void show_body(peal_sip_packet *packet)
{
    peal_str body = peal_sip_packet_body(packet);
    peal_str type = peal_sip_packet_value(packet, PEAL_SIP_HEADER_CONTENT_TYPE, 0);
    if (body.n == 0) {
        peal__parse_putz(PARSE_TITLE, "no body");
        (void)putchar('\n');
        return;
    }
    peal__parse_putf(PARSE_TITLE, "body of %zu bytes, ", body.n);
    peal__parse_put(PARSE_TITLE, type.p ? type : PEAL_STR("without a type"));
    (void)putchar('\n');
    is_text(body) ? show_text(body) : show_bytes(body);
}

void peal__parse_show(peal_sip_packet *packet)
{
    size_t nth[PEAL_SIP_HEADER_COUNT] = { 0 };
    peal_sip_line line;
    show_start(packet);
    peal__parse_putf(PARSE_TITLE, "%zu header lines", peal_sip_packet_line_count(packet));
    (void)putchar('\n');
    for (size_t i = 0; peal_sip_packet_line(packet, i, &line) == PEAL_OK; ++i) {
        show_line(packet, &line, nth);
    }
    show_body(packet);
}
