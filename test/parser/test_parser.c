/* SPDX-License-Identifier: MIT */
/* Tests of the parser package. */
#include "test/parser/data_kit.h"

int main(void)
{
    SRunner *runner = srunner_create(suite_uri());
    srunner_add_suite(runner, suite_headers());
    srunner_add_suite(runner, suite_packet());
    srunner_add_suite(runner, suite_edit());
    srunner_add_suite(runner, suite_torture());
    srunner_add_suite(runner, suite_mutation());
    srunner_add_suite(runner, suite_examples());
    srunner_add_suite(runner, suite_typed());
    srunner_add_suite(runner, suite_random());
    srunner_add_suite(runner, suite_corpus());
    srunner_add_suite(runner, suite_malformed());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
