/* SPDX-License-Identifier: MIT */
/* Role: a small program for the tests of recording and replay: one servicing thread has a socket
 * and hands each datagram to another one, which makes up an answer of a count, random bytes and the
 * wall clock, and hands it back. */
#ifndef PEAL_TEST_PORT_RECORD_PROGRAM_H
#define PEAL_TEST_PORT_RECORD_PROGRAM_H

#include <check.h>

#include <peal/peal.h>

/** How its threads are run. */
typedef enum way { HOW_SYSTEM, HOW_ONE, HOW_GROUP, HOW_COUNT } way;

typedef struct program program;
program *program_start(peal_port *port, way how);
/** In another way than usual: each fifth answer differs. */
void program_twist(program *p);
/** Dies in the middle of the n-th answer. */
void program_die_at(program *p, unsigned n);
/** Asks it to end: from outside, by a message. */
void program_end(program *p);
/** It has ended, or is about to. */
bool program_is_over(const program *p);
/** Gives polled threads their time. */
void program_poll(program *p);
/** Where it listens; port 0: not yet. */
peal_socket_addr program_address(const program *p);
void program_free(program *p);

/** Records a run of so many questions. @return what peal_recording_free() gave */
peal_result program_record(const char *path, way how, unsigned questions, bool mapped,
                           unsigned die_at);
/** Repeats it. @p twist: in another way. */
peal_replay_state program_replay(const char *path, way how, bool twist,
                                 peal_replay_outcome *ret_outcome, char *ret_got, size_t bytes);

#endif
