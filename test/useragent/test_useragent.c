/* SPDX-License-Identifier: MIT */
#include "test/useragent/ua_world.h"

int main(void)
{
    SRunner *runner = srunner_create(session_suite());
    srunner_add_suite(runner, session_cancel_suite());
    srunner_add_suite(runner, session_fork_suite());
    srunner_add_suite(runner, session_late_suite());
    srunner_add_suite(runner, dialog_suite());
    srunner_add_suite(runner, memory_suite());
    srunner_add_suite(runner, storm_suite());
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
