/* SPDX-License-Identifier: MIT */
/* Runs ECOM's tests. */
#include "test/ecom/ecom_tests.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("ecom");
    SRunner *runner = srunner_create(suite);
    int failed;
    suite_add_tcase(suite, object_cases());
    suite_add_tcase(suite, aggregate_cases());
    suite_add_tcase(suite, registry_cases());
    suite_add_tcase(suite, bound_cases());
    suite_add_tcase(suite, ecom_thread_cases());
    suite_add_tcase(suite, ecom_debug_cases());
    suite_add_tcase(suite, init_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
