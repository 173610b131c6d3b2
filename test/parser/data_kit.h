/* SPDX-License-Identifier: MIT */
/* The messages of test/data, and what is expected of them. */
#ifndef PEAL_TEST_DATA_KIT_H
#define PEAL_TEST_DATA_KIT_H

#include "test/parser/parser_kit.h"

/* How many rows the folder's expected.txt has. */
size_t data_count(const char *folder);
/* Decodes the message of the nth row of the folder's expected.txt and compares what comes of it
 * with the row; a good one is also encoded and decoded again, a faulty one answered. */
void data_check_outcome(const char *folder, size_t nth);
/* The names, below test/data, of all messages in this folder of it and in those below, sorted; ends
 * with NULL. */
char *const *data_list(const char *folder, size_t *ret_count);

Suite *suite_corpus(void);
Suite *suite_malformed(void);

#endif
