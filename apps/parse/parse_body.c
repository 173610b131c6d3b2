/* SPDX-License-Identifier: MIT */
/* The body of a message for a reader: text, bytes, or the parts of a multipart, each for itself. */
#include "apps/parse/parse_priv.h"

#include <peal/sip/multipart.h>

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

static void show_text(peal_str body, int indent)
{
    while (body.n) {
        const char *stop = memchr(body.p, '\n', body.n);
        size_t n = stop ? (size_t)(stop - body.p) : body.n;
        size_t shown = n && body.p[n - 1] == '\r' ? n - 1 : n;
        peal__parse_putf(PARSE_DIM, "%*s| ", indent, "");
        peal__parse_put(PARSE_PLAIN, peal_str_of(body.p, shown));
        (void)putchar('\n');
        n += stop != NULL;
        body = peal_str_of(body.p + n, body.n - n);
    }
}

static void show_bytes(peal_str body, int indent)
{
    for (size_t at = 0; at < body.n; at += 16) {
        size_t n = body.n - at < 16 ? body.n - at : 16;
        peal__parse_putf(PARSE_DIM, "%*s| %06zx ", indent, "", at);
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

static void show_any(peal_str body, int indent)
{
    is_text(body) ? show_text(body, indent) : show_bytes(body, indent);
}

static void title(const char *what, peal_str bytes, peal_str type, int indent)
{
    peal__parse_putf(PARSE_TITLE, "%*s%s of %zu bytes, ", indent, "", what, bytes.n);
    peal__parse_put(PARSE_TITLE, type);
    (void)putchar('\n');
}

static void show_head(peal_str head, int indent)
{
    peal_sip_line line;
    while (peal_sip_lines_next(&head, &line) == PEAL_OK) {
        peal__parse_putf(PARSE_PLAIN, "%*s", indent, "");
        peal__parse_put(PARSE_NAME, line.name);
        peal__parse_putz(PARSE_PLAIN, ": ");
        peal__parse_put(PARSE_PLAIN, line.value);
        (void)putchar('\n');
    }
}

/* Its depth is limited by the library. */
static void show_parts(peal_sip_multipart *multipart, int indent)
{
    peal_sip_part part;
    peal_result r;
    while ((r = peal_sip_multipart_next(multipart, &part)) == PEAL_OK) {
        peal_sip_multipart inner;
        title("part", part.body, part.content_type.p ? part.content_type : PEAL_STR("text/plain"),
              indent);
        show_head(part.head, indent + 2);
        if (peal_sip_multipart_init_inner(&inner, multipart, &part) >= 0) {
            show_parts(&inner, indent + 2);
        } else {
            show_any(part.body, indent + 2);
        }
    }
    if (r < 0) {
        peal__parse_putf(PARSE_BAD, "%*smalformed multipart: ", indent, "");
        peal__parse_putz(PARSE_PLAIN, peal_result_text(r));
        (void)putchar('\n');
    }
}

void peal__parse_show_body(const peal_sip_packet *packet)
{
    peal_str body = peal_sip_packet_body(packet);
    peal_str type = peal_sip_packet_value(packet, PEAL_SIP_HEADER_CONTENT_TYPE, 0);
    bool encoded = peal_sip_packet_has(packet, PEAL_SIP_HEADER_CONTENT_ENCODING);
    peal_sip_multipart multipart;
    if (body.n == 0) {
        peal__parse_putz(PARSE_TITLE, "no body");
        (void)putchar('\n');
        return;
    }
    title("body", body, type.p ? type : PEAL_STR("without a type"), 0);
    if (type.p && !encoded && peal_sip_multipart_init(&multipart, type, body, NULL) >= 0) {
        show_parts(&multipart, 2);
    } else {
        show_any(body, 2);
    }
}
