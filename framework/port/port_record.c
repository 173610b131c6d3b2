/* SPDX-License-Identifier: MIT */
/* Role: the port that records: each call goes to the real port, and what came of it to the stream
 * of the servicing thread that made it. What is called outside of any turn goes to stream 0.
 * Thread: the loop's; clocks, randomness, posting and wake any. */
#include "config.h"

#include <peal/alloc.h>

#include "framework/port/replay.h"

struct peal_recording {
    peal_port port; /* first: a port leads to its recording */
    peal_port *inner;
    peal__tape_file file;
    peal__mutex lock; /* of all below */
    peal__tape_out outside;
    uint32_t loops, socks;
};

typedef struct record_loop {
    peal__tape tape; /* first: a tape leads to its loop */
    peal_recording *recording;
    peal_loop *inner;
    peal__tape_out out;
    peal__mutex queue_lock; /* of all below, and held while a message is posted or taken in */
    peal__tape_run *runs;   /* what was posted, in the order of arrival */
    size_t count, capacity;
} record_loop;

typedef struct record_sock {
    peal_sock_owner owner; /* what the real port calls */
    peal_sock_owner *outer;
    record_loop *loop;
    peal_sock *inner;
    uint32_t id;
} record_sock;

/* The loop whose turn runs on this system thread. */
static PEAL__THREAD_LOCAL record_loop *current PEAL__TLS_FAST;

static const peal_port_vt record_vt;

static peal_recording *recording_of(peal_port *port)
{
    return (peal_recording *)(void *)port;
}

static record_loop *loop_of(peal_loop *loop)
{
    return (record_loop *)(void *)loop;
}

static record_loop *of_tape(peal__tape *tape)
{
    return (record_loop *)(void *)tape;
}

static record_sock *sock_of(peal_sock *sock)
{
    return (record_sock *)(void *)sock;
}

static void put(peal_recording *recording, const peal__tape_event *event)
{
    if (current && current->recording == recording) {
        peal__tape_out_put(&current->out, event);
        return;
    }
    peal__mutex_lock(&recording->lock);
    peal__tape_out_put(&recording->outside, event);
    peal__tape_out_flush(&recording->outside);
    peal__mutex_unlock(&recording->lock);
}

/* ---- clocks and randomness ---- */

static uint64_t port_now_ns(peal_port *self)
{
    peal_recording *recording = recording_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_CLOCK,
                               .b = recording->inner->vt->now_ns(recording->inner) };
    put(recording, &event);
    return event.b;
}

static int64_t port_wall_us(peal_port *self)
{
    peal_recording *recording = recording_of(self);
    int64_t now_us = recording->inner->vt->wall_us(recording->inner);
    peal__tape_event event = { .tag = PEAL__TAPE_WALL, .b = (uint64_t)now_us };
    put(recording, &event);
    return now_us;
}

static peal_result port_random(peal_port *self, void *buffer, size_t bytes)
{
    peal_recording *recording = recording_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_RANDOM };
    event.result = recording->inner->vt->random(recording->inner, buffer, bytes);
    event.data = peal_str_of(buffer, event.result < 0 ? 0 : bytes);
    put(recording, &event);
    return event.result;
}

/* ---- the tape of a servicing thread ---- */

static peal__tape *tape_enter(peal__tape *self)
{
    record_loop *outer = current;
    current = of_tape(self);
    return outer ? &outer->tape : NULL;
}

static void tape_leave(peal__tape *self, peal__tape *outer)
{
    peal__tape_out_flush(&of_tape(self)->out);
    current = outer ? of_tape(outer) : NULL;
}

static uint64_t tape_seen(peal__tape *self, uint64_t value)
{
    const peal__tape_event event = { .tag = PEAL__TAPE_SEEN, .b = value };
    peal__tape_out_put(&of_tape(self)->out, &event);
    return value;
}

static void tape_ran(peal__tape *self, unsigned messages, unsigned timers)
{
    const peal__tape_event event = { .tag = PEAL__TAPE_RAN, .a = messages, .b = timers };
    if (messages || timers) {
        peal__tape_out_put(&of_tape(self)->out, &event);
    }
}

static void tape_post_begin(peal__tape *self, uint32_t sender)
{
    record_loop *loop = of_tape(self);
    peal__mutex_lock(&loop->queue_lock);
    if (loop->count && loop->runs[loop->count - 1].sender == sender &&
        loop->runs[loop->count - 1].count < UINT32_MAX) {
        ++loop->runs[loop->count - 1].count;
        return;
    }
    if (loop->count == loop->capacity) {
        size_t capacity = loop->capacity * 2 + 16;
        peal__tape_run *runs = peal_realloc(loop->runs, capacity * sizeof *runs);
        if (!runs) {
            peal__tape_fail_memory(&loop->recording->file);
            return;
        }
        loop->runs = runs;
        loop->capacity = capacity;
    }
    loop->runs[loop->count++] = (peal__tape_run){ .sender = sender, .count = 1 };
}

static void tape_post_end(peal__tape *self)
{
    peal__mutex_unlock(&of_tape(self)->queue_lock);
}

static void tape_take_begin(peal__tape *self)
{
    peal__mutex_lock(&of_tape(self)->queue_lock);
}

static void put_runs(record_loop *loop, peal__tape_event *event)
{
    enum { FEW = 16, RUN_MAX = 10 };
    uint8_t few[FEW * RUN_MAX];
    uint8_t *bytes = loop->count > FEW ? peal_alloc(loop->count * RUN_MAX) : few;
    if (!bytes) {
        peal__tape_fail_memory(&loop->recording->file);
        return;
    }
    uint8_t *at = bytes;
    for (size_t i = 0; i < loop->count; ++i) {
        at = peal__tape_put_number(at, loop->runs[i].sender);
        at = peal__tape_put_number(at, loop->runs[i].count);
    }
    event->data = peal_str_of((const char *)bytes, (size_t)(at - bytes));
    peal__tape_out_put(&loop->out, event);
    if (bytes != few) {
        peal_free(bytes);
    }
}

static void tape_take_end(peal__tape *self, int part)
{
    static const peal__tape_tag tags[] = { PEAL__TAPE_TURN, PEAL__TAPE_MESSAGES, PEAL__TAPE_LEFT };
    record_loop *loop = of_tape(self);
    peal__tape_event event = { .tag = tags[part] };
    if (loop->count || part != PEAL__PART_LEFT) {
        put_runs(loop, &event);
    }
    loop->count = 0;
    peal__mutex_unlock(&loop->queue_lock);
    peal__tape_out_flush(&loop->out);
}

static const peal__tape_vt tape_vt = { .is_replay = false,
                                       .enter = tape_enter,
                                       .leave = tape_leave,
                                       .seen = tape_seen,
                                       .ran = tape_ran,
                                       .post_begin = tape_post_begin,
                                       .post_end = tape_post_end,
                                       .take_begin = tape_take_begin,
                                       .take_end = tape_take_end };

peal__tape *peal__record_tape(const peal_port *port, peal_loop *loop)
{
    return port->vt == &record_vt ? &loop_of(loop)->tape : NULL;
}

/* ---- loops ---- */

static peal_result port_loop_open(peal_port *self, peal_loop **ret)
{
    peal_recording *recording = recording_of(self);
    record_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    loop->tape.vt = &tape_vt;
    loop->tape.clock = recording->inner;
    loop->recording = recording;
    loop->queue_lock = (peal__mutex)PEAL__MUTEX_INIT;
    peal__mutex_lock(&recording->lock);
    loop->tape.id = ++recording->loops;
    peal__mutex_unlock(&recording->lock);
    peal__tape_out_init(&loop->out, &recording->file, loop->tape.id);
    peal__tape_event event = { .tag = PEAL__TAPE_LOOP, .a = loop->tape.id };
    event.result = recording->inner->vt->loop_open(recording->inner, &loop->inner);
    put(recording, &event);
    if (event.result < 0) {
        peal_free(loop);
        return event.result;
    }
    *ret = (peal_loop *)(void *)loop;
    return PEAL_OK;
}

static void port_loop_close(peal_loop *self)
{
    record_loop *loop = loop_of(self);
    if (current == loop) {
        current = NULL;
    }
    loop->recording->inner->vt->loop_close(loop->inner);
    peal__tape_out_close(&loop->out);
    peal_free(loop->runs);
    peal_free(loop);
}

static peal_result port_loop_wait(peal_loop *self, int64_t timeout_us)
{
    return loop_of(self)->recording->inner->vt->loop_wait(loop_of(self)->inner, timeout_us);
}

static void port_loop_wake(peal_loop *self)
{
    loop_of(self)->recording->inner->vt->loop_wake(loop_of(self)->inner);
}

static int port_loop_fd(peal_loop *self)
{
    return loop_of(self)->recording->inner->vt->loop_fd(loop_of(self)->inner);
}

static size_t port_loop_pollfds(peal_loop *self, int *fds, short *events, size_t max)
{
    return loop_of(self)->recording->inner->vt->loop_pollfds(loop_of(self)->inner, fds, events,
                                                             max);
}

/* ---- sockets ---- */

static const peal_port_vt *inner_of(const record_sock *sock)
{
    return sock->loop->recording->inner->vt;
}

static void put_of(const record_sock *sock, peal__tape_event *event)
{
    event->a = sock->id;
    put(sock->loop->recording, event);
}

static void on_readable(peal_sock_owner *self)
{
    record_sock *sock = PEAL_CONTAINER_OF(self, record_sock, owner);
    peal_port *clock = sock->loop->recording->inner;
    put_of(sock,
           &(peal__tape_event){ .tag = PEAL__TAPE_READABLE, .b = clock->vt->now_ns(clock) });
    sock->outer->on_readable(sock->outer); /* may close it */
}

static void on_writable(peal_sock_owner *self)
{
    record_sock *sock = PEAL_CONTAINER_OF(self, record_sock, owner);
    put_of(sock, &(peal__tape_event){ .tag = PEAL__TAPE_WRITABLE });
    sock->outer->on_writable(sock->outer);
}

static peal_result port_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                 const peal_sock_options *options, peal_sock_owner *owner,
                                 peal_sock **ret)
{
    record_loop *loop = loop_of(self);
    peal_recording *recording = loop->recording;
    record_sock *sock = peal_calloc(1, sizeof *sock);
    if (!sock) {
        return PEAL_E_NO_MEMORY;
    }
    sock->owner.on_readable = on_readable;
    sock->owner.on_writable = on_writable;
    sock->outer = owner;
    sock->loop = loop;
    peal__mutex_lock(&recording->lock);
    sock->id = ++recording->socks;
    peal__mutex_unlock(&recording->lock);
    peal__tape_event event = { .tag = PEAL__TAPE_OPEN, .peer = *bind };
    event.result = recording->inner->vt->udp_open(loop->inner, bind, options, &sock->owner,
                                                  &sock->inner);
    put_of(sock, &event);
    if (event.result < 0) {
        peal_free(sock);
        return event.result;
    }
    *ret = (peal_sock *)(void *)sock;
    return PEAL_OK;
}

static peal_result port_sock_local(peal_sock *self, peal_socket_addr *ret)
{
    record_sock *sock = sock_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_LOCAL };
    event.result = inner_of(sock)->sock_local(sock->inner, &event.local);
    if (event.result >= 0) {
        *ret = event.local;
    }
    put_of(sock, &event);
    return event.result;
}

static void put_datagram(const record_sock *sock, peal__tape_tag tag, const peal_datagram *d)
{
    const peal__tape_event event = { .tag = tag,
                                     .result = tag == PEAL__TAPE_IN ? d->result : PEAL_OK,
                                     .peer = d->peer,
                                     .local = d->local,
                                     .data = peal_str_of(d->data, d->bytes) };
    put(sock->loop->recording, &event);
}

static peal_result port_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    record_sock *sock = sock_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_RECV };
    event.result = inner_of(sock)->udp_recv(sock->inner, datagrams, count, ret);
    event.b = event.result < 0 ? 0 : *ret;
    put_of(sock, &event);
    for (size_t i = 0; i < event.b; ++i) {
        put_datagram(sock, PEAL__TAPE_IN, &datagrams[i]);
    }
    peal__tape_out_flush(&sock->loop->out);
    return event.result;
}

/* The result of each, nothing when all are good. */
static void put_sent(const record_sock *sock, peal__tape_event *event,
                     const peal_datagram *datagrams)
{
    enum { RESULT_MAX = 5, FEW = 64 };
    uint8_t few[RESULT_MAX * FEW];
    size_t count = (size_t)event->b;
    uint8_t *bytes = count > FEW ? peal_alloc(count * RESULT_MAX) : few;
    if (!bytes) {
        peal__tape_fail_memory(&sock->loop->recording->file);
        return;
    }
    uint8_t *at = bytes;
    bool any = false;
    for (size_t i = 0; i < count; ++i) {
        at = peal__tape_put_number(at, peal__tape_zigzag(datagrams[i].result));
        any = any || datagrams[i].result != PEAL_OK;
    }
    event->data = peal_str_of((const char *)bytes, any ? (size_t)(at - bytes) : 0);
    put_of(sock, event);
    if (bytes != few) {
        peal_free(bytes);
    }
}

static peal_result port_udp_send(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    record_sock *sock = sock_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_SEND, .b = count };
    put_of(sock, &event);
    for (size_t i = 0; i < count; ++i) {
        put_datagram(sock, PEAL__TAPE_OUT, &datagrams[i]);
    }
    event.tag = PEAL__TAPE_SENT;
    event.result = inner_of(sock)->udp_send(sock->inner, datagrams, count, ret);
    event.b = *ret;
    put_sent(sock, &event, datagrams);
    return event.result;
}

static peal_result port_udp_error(peal_sock *self, peal_sock_error *ret, void *buffer, size_t bytes)
{
    record_sock *sock = sock_of(self);
    peal__tape_event event = { .tag = PEAL__TAPE_ERROR };
    event.result = inner_of(sock)->udp_error(sock->inner, ret, buffer, bytes);
    if (event.result >= 0) {
        event.b = peal__tape_zigzag(ret->result);
        event.peer = ret->peer;
        event.data = peal_str_of(buffer, ret->bytes < bytes ? ret->bytes : bytes);
    }
    put_of(sock, &event);
    return event.result;
}

static void port_want_read(peal_sock *self, bool want)
{
    record_sock *sock = sock_of(self);
    put_of(sock, &(peal__tape_event){ .tag = PEAL__TAPE_WANT, .b = want });
    inner_of(sock)->sock_want_read(sock->inner, want);
}

static void port_sock_close(peal_sock *self)
{
    record_sock *sock = sock_of(self);
    put_of(sock, &(peal__tape_event){ .tag = PEAL__TAPE_CLOSE });
    inner_of(sock)->sock_close(sock->inner);
    peal_free(sock);
}

static const peal_port_vt record_vt = { .size = sizeof record_vt,
                                        .name = "recording",
                                        .now_ns = port_now_ns,
                                        .wall_us = port_wall_us,
                                        .random = port_random,
                                        .loop_open = port_loop_open,
                                        .loop_close = port_loop_close,
                                        .loop_wait = port_loop_wait,
                                        .loop_wake = port_loop_wake,
                                        .loop_fd = port_loop_fd,
                                        .loop_pollfds = port_loop_pollfds,
                                        .udp_open = port_udp_open,
                                        .sock_local = port_sock_local,
                                        .udp_recv = port_udp_recv,
                                        .udp_send = port_udp_send,
                                        .udp_error = port_udp_error,
                                        .sock_want_read = port_want_read,
                                        .sock_close = port_sock_close };

/* ---- recordings ---- */

peal_result peal__recording_new(const char *path, peal_port *port, bool want_mapped,
                                peal_recording **ret)
{
    peal_port *inner = port ? port : peal_port_default();
    if (peal__port_is_simulated(inner) || inner->vt == &record_vt ||
        inner->vt == &peal__replay_vt) {
        return PEAL_E_ARGUMENT; /* these run threads in their own way, and repeat anyway */
    }
    peal_recording *recording = peal_calloc(1, sizeof *recording);
    if (!recording) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = peal__tape_create(&recording->file, path, want_mapped);
    if (r < 0) {
        peal_free(recording);
        return r;
    }
    recording->port.vt = &record_vt;
    recording->inner = inner;
    recording->lock = (peal__mutex)PEAL__MUTEX_INIT;
    peal__tape_out_init(&recording->outside, &recording->file, 0);
    *ret = recording;
    return PEAL_OK;
}

peal_result peal_recording_new(const char *path, peal_port *port, peal_recording **ret)
{
    return peal__recording_new(path, port, true, ret);
}

peal_port *peal_recording_port(peal_recording *recording)
{
    return &recording->port;
}

peal_result peal_recording_result(const peal_recording *recording)
{
    return peal__tape_failed(&recording->file);
}

peal_result peal_recording_free(peal_recording *recording)
{
    if (!recording) {
        return PEAL_OK;
    }
    put(recording, &(peal__tape_event){ .tag = PEAL__TAPE_END });
    peal__tape_out_close(&recording->outside);
    peal__tape_close(&recording->file);
    peal_result r = peal__tape_failed(&recording->file);
    peal_free(recording);
    return r;
}

void peal_port_note(peal_port *port, const char *kind, peal_str text)
{
    if (port->vt == &record_vt) {
        const peal__tape_event event = { .tag = PEAL__TAPE_NOTE,
                                         .text = peal_str_z(kind),
                                         .data = peal_str_of(text.p, text.n < PEAL__TAPE_NOTE_MAX
                                                                         ? text.n
                                                                         : PEAL__TAPE_NOTE_MAX) };
        put(recording_of(port), &event);
    } else {
        peal__replay_note(port, kind, text);
    }
}

peal__tape *peal__tape_of(const peal_port *port, peal_loop *loop)
{
    peal__tape *tape = peal__record_tape(port, loop);
    return tape ? tape : peal__replay_tape(port, loop);
}
