/* SPDX-License-Identifier: MIT */
/* Role: what the test files of the thread package share. */
#ifndef PEAL_TEST_THREAD_THREAD_TESTS_H
#define PEAL_TEST_THREAD_THREAD_TESTS_H

#include <check.h>

#include <peal/peal.h>
#include <peal/sim.h>

TCase *wheel_tests(void);
TCase *queue_tests(void);
TCase *activation_tests(void);
TCase *polling_tests(void);
TCase *lifetime_tests(void);
TCase *sim_thread_tests(void);
TCase *sim_schedule_tests(void);

/** The ports that tests with real time run on; NULL ends the list. */
extern const char *const real_ports[];
/** A servicing thread on a port of this build; NULL: the default one. */
peal_thread *thread_on(const char *port_name);
peal_thread *thread_on_port(peal_port *port);
/** Monotonic milliseconds of the system. */
uint64_t clock_ms(void);

/** A message that counts its runs. */
typedef struct counter {
    peal_msg msg;
    peal_timer timer;
    unsigned runs;
    uint64_t at_ms; /* of the last run, by the thread's clock */
    peal_thread *thread;
} counter;
void counter_init(counter *c, peal_thread *thread);

#endif
