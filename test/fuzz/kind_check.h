/* SPDX-License-Identifier: MIT */
/* What the fuzz targets of header families and the parser's tests demand of any text that is taken
 * for a value of a kind. */
#ifndef PEAL_TEST_KIND_CHECK_H
#define PEAL_TEST_KIND_CHECK_H

#include <peal/sip/header.h>

/* Aborts when a promise is broken. Gives whether the text was a value. */
bool kind_check(peal_sip_header_kind kind, peal_str text);
/* The first byte chooses one of the kinds, from 'A' on; the rest is the text. */
int kind_check_input(const peal_sip_header_kind *kinds, size_t count, const uint8_t *data,
                    size_t size);

#endif
