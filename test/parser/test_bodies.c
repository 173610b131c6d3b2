/* SPDX-License-Identifier: MIT */
/* Tests of URIs that are made, bodies, streams and edits. */
#include "test/parser/bodies_kit.h"

int main(void)
{
    SRunner *runner = srunner_create(suite_uri_make());
    srunner_add_suite(runner, suite_multipart());
    srunner_add_suite(runner, suite_sipfrag());
    srunner_add_suite(runner, suite_summary());
    srunner_add_suite(runner, suite_encoded_word());
    srunner_add_suite(runner, suite_stream());
    srunner_add_suite(runner, suite_values());
    srunner_add_suite(runner, suite_keys());
    srunner_add_suite(runner, suite_property());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
