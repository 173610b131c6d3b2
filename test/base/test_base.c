/* SPDX-License-Identifier: MIT */
/* Runs the base package's tests. */
#include "test/base/base_tests.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("base");
    SRunner *runner = srunner_create(suite);
    int failed;
    suite_add_tcase(suite, result_cases());
    suite_add_tcase(suite, text_cases());
    suite_add_tcase(suite, alloc_cases());
    suite_add_tcase(suite, pool_cases());
    suite_add_tcase(suite, hash_cases());
    suite_add_tcase(suite, socket_addr_cases());
    suite_add_tcase(suite, trace_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
