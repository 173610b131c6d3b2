/* SPDX-License-Identifier: MIT */
/* Role: the inside of a replay, shared by its port and by what runs it.
 * Thread: the one that runs the replay. */
#ifndef PEAL_FRAMEWORK_PORT_REPLAY_H
#define PEAL_FRAMEWORK_PORT_REPLAY_H

#include "framework/port/tape.h"

typedef struct peal__replay_loop peal__replay_loop;

struct peal_replay {
    peal_port port; /* first: a port leads to its replay */
    peal__tape_reader reader;
    peal__tape_in outside;
    peal_node loops;            /* in the order of opening */
    peal_node socks;            /* the same */
    peal__replay_loop *current; /* whose turn it is; NULL: outside */
    peal_replay_state state;
    bool is_complete; /* the recording was ended properly */
    bool is_cut;      /* a stream has come to where it breaks off */
    uint64_t events, limit;
    uint32_t opened;
    peal_replay_observer *observer;
    void *observer_arg;
    char thread[16];      /* when different */
    char *expected, *got; /* the same; NULL: memory was exhausted */
    size_t expected_bytes, got_bytes;
};

struct peal__replay_loop {
    peal__tape tape; /* first: a tape leads to its loop */
    peal_node node;
    peal_replay *replay;
    peal__tape_in in;
    peal_port clock;
    const peal__tape_ops *ops;
    void *thread;
    peal__tape_run *runs; /* of the part that comes or runs */
    size_t count, capacity;
    bool is_over, is_running;
};

PEAL_INLINE peal__replay_loop *peal__replay_loop_of(peal__tape *tape)
{
    return (peal__replay_loop *)(void *)tape;
}

/** Whether a stream (NULL: outside) has nothing more to repeat. */
bool peal__replay_is_over(const peal_replay *replay, const peal__replay_loop *loop);
/** The next event of a stream, NULL when there is none any more or nothing is repeated. */
const peal__tape_event *peal__replay_peek(peal_replay *replay, peal__replay_loop *loop);
/** Takes the event out that was peeked. */
void peal__replay_take(peal_replay *replay, peal__replay_loop *loop);
/** The next event, which must be of the kind and the @p same fields of what happens now.
 * @return NULL when nothing is repeated any more, or it is different */
const peal__tape_event *peal__replay_expect(peal_replay *replay, peal__replay_loop *loop,
                                            const peal__tape_event *now, const char *same);
/** Something else happens than what was recorded (NULL: nothing was). */
void peal__replay_differ(peal_replay *replay, const peal__replay_loop *loop,
                         const peal__tape_event *expected, const peal__tape_event *now,
                         const char *now_text);
/** Runs all threads as far as they come. @return something ran */
bool peal__replay_run(peal_replay *replay);
/** The port (port_replay.c), and the tapes of its loops (replay_run.c). */
extern const peal_port_vt peal__replay_vt;
extern const peal__tape_vt peal__replay_tape_vt;

#endif
