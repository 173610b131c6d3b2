/* SPDX-License-Identifier: MIT */
/* The texts of a dialog, in one block. Core thread. RFC 3261 §12.1. */
#include "sipstack/useragent/useragent_priv.h"

struct peal__sip_dialog {
    uint16_t bytes[PEAL__DIALOG_TEXTS];
    char text[];
};

enum { TEXT_MAX = 0xffff };

peal_str peal__sip_dialog_get(const peal__sip_dialog *dialog, peal__sip_dialog_text which)
{
    if (!dialog || dialog->bytes[which] == 0) {
        return peal_str_of(NULL, 0);
    }
    size_t start = 0;
    for (unsigned i = 0; i < (unsigned)which; i++) {
        start += dialog->bytes[i];
    }
    return peal_str_of(dialog->text + start, dialog->bytes[which]);
}

void peal__sip_dialog_put(peal__sip_dialog_change *change, peal__sip_dialog_text which,
                          peal_str text)
{
    change->set[which] = true;
    change->text[which] = text;
}

static peal_str text_after(const peal__sip_dialog *dialog, const peal__sip_dialog_change *change,
                           unsigned which)
{
    return change->set[which] ? change->text[which]
                              : peal__sip_dialog_get(dialog, (peal__sip_dialog_text)which);
}

/* A folded line is one line when it is written again. Few are: looked at first. */
static void copy_unfolded(char *to, peal_str from)
{
    memcpy(to, from.p, from.n);
    if (!memchr(from.p, '\n', from.n) && !memchr(from.p, '\r', from.n)) {
        return;
    }
    for (size_t i = 0; i < from.n; i++) {
        to[i] = to[i] == '\r' || to[i] == '\n' ? ' ' : to[i];
    }
}

peal_result peal__sip_dialog_changed(peal_pool *pool, peal__sip_dialog *dialog,
                                     const peal__sip_dialog_change *change,
                                     peal__sip_dialog **ret)
{
    size_t bytes = 0;
    bool differs = dialog == NULL;
    for (unsigned i = 0; i < PEAL__DIALOG_TEXTS; i++) {
        const peal_str text = text_after(dialog, change, i);
        if (text.n > TEXT_MAX) {
            return PEAL_E_LIMIT;
        }
        bytes += text.n;
        differs = differs ||
                  (change->set[i] &&
                   !peal_str_eq(text, peal__sip_dialog_get(dialog, (peal__sip_dialog_text)i)));
    }
    if (!differs) {
        *ret = dialog;
        return PEAL_OK;
    }
    peal__sip_dialog *fresh = peal_pool_alloc(pool, sizeof *fresh + bytes);
    if (!fresh) {
        return PEAL_E_NO_MEMORY;
    }
    char *to = fresh->text;
    for (unsigned i = 0; i < PEAL__DIALOG_TEXTS; i++) {
        const peal_str text = text_after(dialog, change, i);
        fresh->bytes[i] = (uint16_t)text.n;
        if (change->set[i] && text.n) {
            copy_unfolded(to, text);
        } else if (text.n) { /* one line already */
            memcpy(to, text.p, text.n);
        }
        to += text.n;
    }
    *ret = fresh;
    return PEAL_OK;
}

static peal_result measure_routes(peal_sip_packet *packet, size_t *ret_count, size_t *ret_bytes)
{
    const peal_sip_address *route = NULL;
    size_t n = 0, bytes = 0;
    peal_result r;
    while ((r = peal_sip_packet_address(packet, PEAL_SIP_HEADER_RECORD_ROUTE, n, &route)) >= 0) {
        bytes += route->text.n + 2;
        n++;
    }
    *ret_count = n;
    *ret_bytes = bytes;
    return r == PEAL_E_NOT_FOUND ? PEAL_OK : r;
}

peal_result peal__sip_dialog_routes(peal_pool *pool, peal_sip_packet *packet, bool reverse,
                                    char **ret, peal_str *ret_text)
{
    const peal_sip_address *route = NULL;
    size_t count = 0, bytes = 0, used = 0;
    peal_result r = measure_routes(packet, &count, &bytes);
    if (r < 0) {
        return r;
    }
    char *text = count ? peal_pool_alloc(pool, bytes) : NULL;
    if (count && !text) {
        return PEAL_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        r = peal_sip_packet_address(packet, PEAL_SIP_HEADER_RECORD_ROUTE,
                                    reverse ? count - 1 - i : i, &route);
        if (r < 0) {
            peal_pool_free(text);
            return r;
        }
        if (i) {
            memcpy(text + used, ", ", 2);
            used += 2;
        }
        memcpy(text + used, route->text.p, route->text.n);
        used += route->text.n;
    }
    *ret = text;
    *ret_text = peal_str_of(text, used);
    return PEAL_OK;
}
