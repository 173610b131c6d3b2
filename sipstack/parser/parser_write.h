/* SPDX-License-Identifier: MIT */
/* Writing into a blob by pieces, all or nothing: the first failure stays, and what was written
 * before it is taken back at the end. For the parser package alone. */
#ifndef PEAL_SIP_PARSER_WRITE_H
#define PEAL_SIP_PARSER_WRITE_H

#include <peal/sip/uri.h>

typedef struct peal__sip_writer {
    peal_blob *blob;
    size_t before; /* bytes in the blob when writing began */
    peal_result result;
} peal__sip_writer;

static inline peal__sip_writer peal__sip_write_to(peal_blob *blob)
{
    peal__sip_writer w = { blob, blob->bytes, PEAL_OK };
    return w;
}
static inline void peal__sip_put(peal__sip_writer *w, peal_str text)
{
    if (w->result >= 0) {
        w->result = peal_blob_append(w->blob, text);
    }
}
static inline void peal__sip_put_char(peal__sip_writer *w, char c)
{
    peal__sip_put(w, peal_str_of(&c, 1));
}
/* Notes that something cannot be written at all. */
static inline void peal__sip_put_fail(peal__sip_writer *w, peal_result result)
{
    if (w->result >= 0) {
        w->result = result;
    }
}
/* What was written so far; valid until the next byte. */
static inline peal_str peal__sip_written(const peal__sip_writer *w)
{
    peal_str all = peal_blob_str(w->blob);
    return peal_str_of(all.p + w->before, all.n - w->before);
}
/* The result of all; the blob is as before when that is an error. */
static inline peal_result peal__sip_write_end(peal__sip_writer *w)
{
    if (w->result < 0 && w->blob->data) {
        w->blob->bytes = w->before;
        w->blob->data[w->before] = '\0';
    }
    return w->result;
}
/* uri_text.c: the text of a URI's part with needless escapes undone and needed ones made. */
void peal__sip_uri_put_canonical(peal__sip_writer *w, peal_sip_uri_part part, peal_str text,
                                 bool lower);
/* uri_phone.c: the same for a parameter that is a number: without visual separators, lower case. */
void peal__sip_phone_put_canonical(peal__sip_writer *w, peal_str number);

#endif
