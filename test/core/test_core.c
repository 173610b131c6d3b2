/* SPDX-License-Identifier: MIT */
/* The core's tests, all on the simulated port. */
#include "core_world.h"

#include <stdlib.h>

int main(void)
{
    SRunner *r = srunner_create(suite_life());
    srunner_add_suite(r, suite_client());
    srunner_add_suite(r, suite_cancel());
    srunner_add_suite(r, suite_failover());
    srunner_add_suite(r, suite_server());
    srunner_add_suite(r, suite_dispatcher());
    srunner_add_suite(r, suite_memory());
    peal_trace_set_level(-1, getenv("PEAL_TEST_TRACE") ? PEAL_TRACE_MESSAGE : PEAL_TRACE_OFF);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
