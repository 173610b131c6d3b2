/* SPDX-License-Identifier: MIT */
/** @file
 * How the test kit says that a test has failed. It belongs to no test framework: tell it what yours
 * does (for Check: a handler that calls ck_abort_msg()). */
#ifndef PEAL_TEST_FAILURE_H
#define PEAL_TEST_FAILURE_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Hears of a failure; it may leave by longjmp() or end the process. When it returns, the function
 * that failed returns too. */
typedef void peal_test_failure_handler(void *arg, const char *text);
/** Sets the handler; NULL: the text goes to standard error and the process aborts. */
PEAL_API void peal_test_set_failure_handler(peal_test_failure_handler *handler, void *arg);
/** Says that the test has failed. */
PEAL_API void peal_test_fail(const char *format, ...) PEAL_PRINTF(1, 2);

#ifdef __cplusplus
}
#endif
#endif
