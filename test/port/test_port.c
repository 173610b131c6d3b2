/* SPDX-License-Identifier: MIT */
/* Role: the port package's test program. */
#include "test/port/port_tests.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("port");
    suite_add_tcase(suite, udp_tests());
    suite_add_tcase(suite, loop_tests());
    suite_add_tcase(suite, sim_tests());
    suite_add_tcase(suite, sim_host_tests());
    suite_add_tcase(suite, sim_zone_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
