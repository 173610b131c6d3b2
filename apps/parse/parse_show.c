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
    peal__parse_show_body(packet);
}
