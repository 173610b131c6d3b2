/* SPDX-License-Identifier: MIT */
/* What the files of the base package's tests share. */
#ifndef PEAL_TEST_BASE_BASE_TESTS_H
#define PEAL_TEST_BASE_BASE_TESTS_H

#include <check.h>
#include <peal/base.h>

TCase *result_cases(void);
TCase *text_cases(void);
TCase *alloc_cases(void);
TCase *pool_cases(void);
TCase *hash_cases(void);
TCase *socket_addr_cases(void);
TCase *trace_cases(void);

#endif
