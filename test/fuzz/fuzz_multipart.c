/* SPDX-License-Identifier: MIT */
/* Fuzz target of multiparts: the first line is the Content-Type, the rest the body. All parts are
 * views of the body, in order; what was read is written and read again. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/multipart.h>

enum { PARTS_KEPT = 8 };

static void check_part(const peal_sip_part *part, peal_str body)
{
    peal_blob plain;
    peal_str cursor = part->head;
    peal_sip_line line;
    MUST(fuzz_inside(part->text, body) && fuzz_inside(part->head, part->text));
    MUST(fuzz_inside(part->body, part->text) && fuzz_inside(part->content_type, part->head));
    MUST(part->head.n + part->body.n == part->text.n);
    while (peal_sip_lines_next(&cursor, &line) == PEAL_OK) {
        MUST(peal_sip_part_value(part, line.name, 0).p != NULL);
    }
    peal_blob_init(&plain, 0);
    peal_result r = peal_sip_part_decode(part, &plain);
    MUST(r == PEAL_OK || ((r == PEAL_E_SYNTAX || r == PEAL_E_NOT_FOUND) && plain.bytes == 0));
    MUST(plain.bytes <= part->body.n);
    peal_blob_fini(&plain);
}

static size_t read_all(peal_sip_multipart *m, peal_str body, peal_sip_part *kept, unsigned depth)
{
    peal_sip_multipart inner;
    peal_sip_part part;
    const char *last = body.p;
    size_t count = 0;
    MUST(depth <= 4);
    while (peal_sip_multipart_next(m, &part) == PEAL_OK) {
        MUST(part.text.p >= last);
        last = part.text.p + part.text.n;
        check_part(&part, body);
        if (part.content_type.p && peal_sip_multipart_init_inner(&inner, m, &part) == PEAL_OK) {
            read_all(&inner, part.body, NULL, depth + 1);
        }
        if (kept && count < PARTS_KEPT) {
            kept[count] = part;
        }
        ++count;
    }
    MUST(count == m->parts && count <= 64);
    return count;
}

static void write_again(const peal_sip_part *parts, size_t count)
{
    peal_sip_part_source sources[PARTS_KEPT];
    peal_sip_multipart_source source = { .size = sizeof source, .parts = sources };
    peal_blob type, body;
    peal_sip_multipart m;
    peal_sip_part part;
    source.part_count = count < PARTS_KEPT ? count : PARTS_KEPT;
    for (size_t i = 0; i < source.part_count; ++i) {
        sources[i] = (peal_sip_part_source){ .content_type = parts[i].content_type,
                                             .disposition = parts[i].disposition,
                                             .id = parts[i].id,
                                             .body = parts[i].body };
    }
    peal_blob_init(&type, 0);
    peal_blob_init(&body, 0);
    if (peal_sip_multipart_encode(&source, &type, &body) == PEAL_OK) {
        MUST(peal_sip_multipart_init(&m, peal_blob_str(&type), peal_blob_str(&body), NULL) ==
             PEAL_OK);
        for (size_t i = 0; i < source.part_count; ++i) {
            MUST(peal_sip_multipart_next(&m, &part) == PEAL_OK);
            MUST(peal_str_eq(part.body, parts[i].body));
            MUST(peal_str_eq(part.content_type, parts[i].content_type));
        }
        MUST(peal_sip_multipart_next(&m, &part) == PEAL_I_END);
    } else {
        MUST(type.bytes == 0 && body.bytes == 0);
    }
    peal_blob_fini(&type);
    peal_blob_fini(&body);
}

int fuzz_multipart(const uint8_t *data, size_t size)
{
    peal_str input = fuzz_input(data, size), rest;
    peal_str type = fuzz_exact(fuzz_line(input, &rest)), body = fuzz_exact(rest);
    peal_sip_multipart m;
    peal_sip_part parts[PARTS_KEPT], found;
    if (peal_sip_multipart_init(&m, type, body, NULL) == PEAL_OK) {
        peal_sip_multipart from_start = m;
        size_t count = read_all(&m, body, parts, 1);
        if (count > 0) {
            write_again(parts, count);
            if (parts[0].id.n) {
                MUST(peal_sip_multipart_find_id(&from_start, parts[0].id, &found) == PEAL_OK ||
                     parts[0].id.p[0] == '<');
            }
        }
    }
    free((char *)type.p);
    free((char *)body.p);
    free((char *)input.p);
    return 0;
}

FUZZ_TARGET(fuzz_multipart)
