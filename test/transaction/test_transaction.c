/* SPDX-License-Identifier: MIT */
/* Runs the transaction package's tests. */
#include "test/transaction/txn_world.h"

int main(void)
{
    Suite *suite = suite_create("transaction");
    suite_add_tcase(suite, invite_client_cases());
    suite_add_tcase(suite, invite_server_cases());
    suite_add_tcase(suite, non_invite_cases());
    suite_add_tcase(suite, matching_cases());
    suite_add_tcase(suite, layer_cases());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
