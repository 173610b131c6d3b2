/* SPDX-License-Identifier: MIT */
/* Role: the thread package's test program, and what its files share. */
#include "test/thread/thread_tests.h"

#include <stdlib.h>

const char *const real_ports[] = { "poll",
#if PEAL_HAVE_LIBUV
                                   "libuv",
#endif
                                   NULL };

peal_thread *thread_on_port(peal_port *port)
{
    peal_thread *thread = NULL;
    const peal_thread_options options = { .size = sizeof options, .port = port };
    ck_assert_int_eq(peal_thread_new(&options, &thread), PEAL_OK);
    return thread;
}

peal_thread *thread_on(const char *port_name)
{
    peal_port *port = port_name ? peal_port_find(port_name) : peal_port_default();
    ck_assert_ptr_nonnull(port);
    return thread_on_port(port);
}

uint64_t clock_ms(void)
{
    peal_port *port = peal_port_default();
    return port->vt->now_ns(port) / 1000000;
}

static void counter_run(peal_msg *msg)
{
    counter *c = PEAL_CONTAINER_OF(msg, counter, msg);
    c->runs++;
}

static void counter_fired(peal_timer *timer)
{
    counter *c = PEAL_CONTAINER_OF(timer, counter, timer);
    c->runs++;
    c->at_ms = peal_thread_now_ms(c->thread);
}

void counter_init(counter *c, peal_thread *thread)
{
    memset(c, 0, sizeof *c);
    c->thread = thread;
    c->msg.run = counter_run;
    peal_timer_init(&c->timer, counter_fired);
}

int main(void)
{
    if (peal_init() < 0) {
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("thread");
    suite_add_tcase(suite, wheel_tests());
    suite_add_tcase(suite, queue_tests());
    suite_add_tcase(suite, activation_tests());
    suite_add_tcase(suite, polling_tests());
    suite_add_tcase(suite, lifetime_tests());
    suite_add_tcase(suite, sim_thread_tests());
    suite_add_tcase(suite, sim_schedule_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    failed += peal_fini() < 0;
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
