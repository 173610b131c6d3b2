/* SPDX-License-Identifier: MIT */
#include "test/port/record_program.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "framework/port/tape.h"
#include "test/port/port_tests.h"

enum { JOBS = 64, AT_ONCE = 8 };

/* A datagram on its way to the worker and back. */
typedef struct job {
    peal_msg msg;
    program *p;
    peal_datagram datagram;
    uint64_t seen;
    char bytes[128];
} job;

struct program {
    peal_port *port;
    way how;
    peal_thread *socket_thread, *worker;
    peal_sock_owner owner;
    peal_sock *sock;
    peal_socket_addr address; /* valid once is_open */
    atomic_int is_open, is_over;
    peal_msg open, end;
    peal_timer timer;
    unsigned ticks, answers, die_at;
    bool twist, is_ending;
    job jobs[JOBS];
    unsigned next_job;
};

/* ---- the socket's thread ---- */

static void send_answer(peal_msg *msg)
{
    job *j = PEAL_CONTAINER_OF(msg, job, msg);
    size_t count = 0;
    if (!j->p->sock) {
        return; /* a run that was cut ends as it can */
    }
    j->datagram.data = j->bytes;
    j->datagram.bytes = strlen(j->bytes);
    (void)j->p->port->vt->udp_send(j->p->sock, &j->datagram, 1, &count); /* the asker knows */
}

static void make_answer(peal_msg *msg)
{
    job *j = PEAL_CONTAINER_OF(msg, job, msg);
    program *p = j->p;
    uint64_t random;
    peal_thread_random(p->worker, &random, sizeof random);
    unsigned n = ++p->answers;
    if (n == p->die_at) {
        (void)raise(SIGKILL);
    }
    (void)snprintf(j->bytes, sizeof j->bytes, "%u %" PRIx64 " %" PRId64 " %" PRIu64 "%s", n, random,
                   p->port->vt->wall_us(p->port), j->seen,
                   p->twist && n % 5 == 0 ? " twisted" : "");
    j->msg.run = send_answer;
    peal_thread_post(p->socket_thread, &j->msg);
}

static void on_readable(peal_sock_owner *self)
{
    program *p = PEAL_CONTAINER_OF(self, program, owner);
    peal_datagram datagrams[AT_ONCE];
    job *jobs[AT_ONCE];
    size_t count = 0;
    memset(datagrams, 0, sizeof datagrams);
    for (size_t i = 0; i < AT_ONCE; ++i) {
        jobs[i] = &p->jobs[(p->next_job + i) % JOBS];
        datagrams[i].data = jobs[i]->bytes;
        datagrams[i].bytes = sizeof jobs[i]->bytes;
    }
    if (p->port->vt->udp_recv(p->sock, datagrams, AT_ONCE, &count) < 0) {
        return;
    }
    p->next_job += (unsigned)count;
    for (size_t i = 0; i < count; ++i) {
        static uint64_t ever; /* never the same in two runs, as what other threads do */
        jobs[i]->seen = peal_thread_seen(p->socket_thread, ++ever);
        jobs[i]->p = p;
        jobs[i]->datagram = datagrams[i];
        jobs[i]->msg.run = make_answer;
        peal_thread_post(p->worker, &jobs[i]->msg);
    }
}

static void on_timer(peal_timer *timer)
{
    ++PEAL_CONTAINER_OF(timer, program, timer)->ticks;
}

static void run_open(peal_msg *msg)
{
    program *p = PEAL_CONTAINER_OF(msg, program, open);
    if (program_is_over(p)) {
        return;
    }
    peal_socket_addr any = address_of("127.0.0.1", 0);
    p->owner.on_readable = on_readable;
    if (p->port->vt->udp_open(peal_thread_loop(p->socket_thread), &any, NULL, &p->owner,
                              &p->sock) < 0 ||
        p->port->vt->sock_local(p->sock, &p->address) < 0) {
        return; /* a damaged recording may say anything */
    }
    peal_timer_init(&p->timer, on_timer);
    peal_timer_start(p->socket_thread, &p->timer, 1, 1);
    atomic_store(&p->is_open, 1);
}

static void run_end(peal_msg *msg)
{
    program *p = PEAL_CONTAINER_OF(msg, program, end);
    peal_timer_stop(p->socket_thread, &p->timer);
    if (p->sock) {
        p->port->vt->sock_close(p->sock);
        p->sock = NULL;
    }
    atomic_store(&p->is_over, 1);
}

/* ---- from outside ---- */

program *program_start(peal_port *port, way how)
{
    program *p = calloc(1, sizeof *p);
    ck_assert_ptr_nonnull(p);
    peal_thread_options options = { .size = sizeof options, .port = port };
    p->port = port;
    p->how = how;
    ck_assert_int_eq(peal_thread_new(&options, &p->socket_thread), PEAL_OK);
    if (how == HOW_ONE) {
        p->worker = p->socket_thread;
        peal_thread_ref(p->worker);
    } else {
        ck_assert_int_eq(peal_thread_new(&options, &p->worker), PEAL_OK);
    }
    p->open.run = run_open;
    p->end.run = run_end;
    peal_thread_post(p->socket_thread, &p->open);
    if (how != HOW_GROUP) {
        ck_assert_int_eq(peal_thread_activate(p->socket_thread, "socket", 0, 0), PEAL_OK);
    }
    if (how == HOW_SYSTEM) {
        ck_assert_int_eq(peal_thread_activate(p->worker, "worker", 0, 0), PEAL_OK);
    }
    return p;
}

void program_twist(program *p)
{
    p->twist = true;
}

void program_die_at(program *p, unsigned n)
{
    p->die_at = n;
}

void program_end(program *p)
{
    if (!p->is_ending) {
        p->is_ending = true;
        peal_port_note(p->port, "command", PEAL_STR("end"));
        peal_thread_post(p->socket_thread, &p->end);
    }
}

bool program_is_over(const program *p)
{
    return atomic_load(&p->is_over) != 0;
}

peal_socket_addr program_address(const program *p)
{
    const peal_socket_addr none = { .port = 0 };
    return atomic_load(&p->is_open) ? p->address : none;
}

void program_poll(program *p)
{
    peal_thread *both[2] = { p->socket_thread, p->worker };
    if (p->how == HOW_GROUP) {
        ck_assert_int_eq(peal_thread_group_activate_for(both, 2, 1, NULL), PEAL_OK);
    }
}

void program_free(program *p)
{
    peal_thread *both[2] = { p->socket_thread, p->worker };
    peal_port_note(p->port, "down", PEAL_STR(""));
    for (int i = 0; i < 2; ++i) {
        peal_thread_stop(both[i]);
    }
    for (bool ready = false; p->how == HOW_GROUP && !ready;) {
        ck_assert_int_eq(peal_thread_group_activate_for(both, 2, 1, &ready), PEAL_OK);
    }
    for (int i = 0; i < 2 && p->how != HOW_GROUP; ++i) {
        (void)peal_thread_join(both[i]); /* once only where they are the same */
    }
    peal_thread_unref(p->worker);
    peal_thread_unref(p->socket_thread);
    free(p);
}

/* ---- recorded ---- */

static void ask(program *p, end *asker, unsigned questions)
{
    peal_port *port = peal_port_default();
    unsigned asked = 0;
    while (program_address(p).port == 0) {
        program_poll(p);
        ck_assert_int_ge(port->vt->loop_wait(asker->loop, 1000), 0);
    }
    peal_socket_addr to = program_address(p);
    while (asker->received < questions) {
        while (asked < questions && asked < asker->received + AT_ONCE) {
            char text[64];
            (void)snprintf(text, sizeof text, "question %u", ++asked);
            end_send(asker, &to, text);
        }
        program_poll(p);
        ck_assert_int_ge(port->vt->loop_wait(asker->loop, p->how == HOW_GROUP ? 0 : 10000), 0);
    }
}

peal_result program_record(const char *path, way how, unsigned questions, bool mapped,
                           unsigned die_at)
{
    peal_port *port = peal_port_default();
    peal_recording *recording = NULL;
    peal_loop *loop = NULL;
    end asker;
    ck_assert_int_eq(peal__recording_new(path, NULL, mapped, &recording), PEAL_OK);
    ck_assert_int_eq(port->vt->loop_open(port, &loop), PEAL_OK);
    end_open(&asker, port, loop, "127.0.0.1");
    peal_port_note(peal_recording_port(recording), "program", PEAL_STR("answers"));
    program *p = program_start(peal_recording_port(recording), how);
    program_die_at(p, die_at);
    ask(p, &asker, questions);
    program_end(p);
    while (!program_is_over(p)) {
        program_poll(p);
        ck_assert_int_ge(port->vt->loop_wait(loop, 1000), 0);
    }
    program_free(p);
    end_close(&asker);
    port->vt->loop_close(loop);
    return peal_recording_free(recording);
}

/* ---- repeated ---- */

static void drive(peal_replay *replay, program *p)
{
    peal_str kind, text;
    while (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
        if (!peal_str_eq(kind, PEAL_STR("command"))) {
            break;
        }
        program_end(p);
    }
}

peal_replay_state program_replay(const char *path, way how, bool twist,
                                 peal_replay_outcome *ret_outcome, char *ret_got, size_t bytes)
{
    peal_replay *replay = NULL;
    peal_str kind, text;
    peal_replay_outcome outcome = { .size = sizeof outcome };
    if (peal_replay_open(path, &replay, NULL) < 0) {
        return PEAL_REPLAY_GARBLED;
    }
    if (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
        peal_replay_take_note(replay);
    }
    program *p = program_start(peal_replay_port(replay), how);
    if (twist) {
        program_twist(p);
    }
    drive(replay, p);
    if (!program_is_over(p)) { /* cut or different: it has to end all the same */
        peal_replay_outcome_get(replay, &outcome);
        if (p->sock) {
            program_end(p);
        } else {
            atomic_store(&p->is_over, 1);
        }
    }
    program_free(p);
    peal_replay_outcome_get(replay, &outcome);
    if (ret_got) {
        (void)snprintf(ret_got, bytes, "%s: %.*s", outcome.thread, PEAL_STR_ARG(outcome.got));
    }
    if (ret_outcome) {
        *ret_outcome = outcome;
    }
    peal_replay_free(replay);
    return outcome.state;
}
