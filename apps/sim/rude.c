/* SPDX-License-Identifier: MIT */
/* The socket and the legs of a rude host. Its own servicing thread. */
#include "apps/sim/rude.h"

#include <stdlib.h>

enum { RUDE_LIFE_MS = 60000, RUDE_BATCH = 4 };

void peal__rude_put(struct rude *rude, const peal_socket_addr *to, const char *text)
{
    peal_port *port = peal_thread_port(rude->thread);
    peal_datagram d = { .peer = *to, .data = (void *)(uintptr_t)text, .bytes = strlen(text) };
    size_t sent = 0;
    if (rude->sock) { /* blocked or failed: a datagram lost */
        (void)port->vt->udp_send(rude->sock, &d, 1, &sent);
    }
}

void peal__rude_header(peal_str message, const char *name, char *ret, size_t bytes)
{
    const size_t n = strlen(name);
    ret[0] = '\0';
    for (size_t i = 2; i + n + 1 < message.n; i++) {
        if (message.p[i - 1] == '\n' && memcmp(message.p + i, name, n) == 0 &&
            message.p[i + n] == ':') {
            size_t from = i + n + 1, to = from;
            while (from < message.n && message.p[from] == ' ') {
                from++;
            }
            for (to = from; to < message.n && message.p[to] != '\r';) {
                to++;
            }
            if (to - from < bytes) {
                memcpy(ret, message.p + from, to - from);
                ret[to - from] = '\0';
            }
            return;
        }
    }
}

/* ---- legs ---- */

static void on_timer(peal_timer *timer)
{
    peal__rude_on_time(PEAL_CONTAINER_OF(timer, struct rude_leg, timer));
}

struct rude_leg *peal__rude_leg_new(struct rude *rude, const struct scenario_call *plan)
{
    struct rude_leg *leg = calloc(1, sizeof *leg);
    if (leg) {
        leg->rude = rude;
        leg->plan = plan;
        leg->next_cseq = 1;
        leg->next = rude->legs;
        rude->legs = leg;
        rude->leg_count++;
        peal_timer_init(&leg->timer, on_timer);
    }
    return leg;
}

void peal__rude_leg_free(struct rude_leg *leg)
{
    struct rude_leg **link = &leg->rude->legs;
    while (*link != leg) {
        link = &(*link)->next;
    }
    *link = leg->next;
    leg->rude->leg_count--;
    peal_timer_stop(leg->rude->thread, &leg->timer);
    free(leg);
}

void peal__rude_wait(struct rude_leg *leg, uint32_t ms)
{
    peal_timer_start(leg->rude->thread, &leg->timer, ms ? ms : RUDE_LIFE_MS, 0);
}

static struct rude_leg *find(const struct rude *rude, peal_str call_id)
{
    struct rude_leg *leg = rude->legs;
    while (leg && !peal_str_eq(peal_str_z(leg->call_id), call_id)) {
        leg = leg->next;
    }
    return leg;
}

/* ---- the socket ---- */

static const struct scenario_call *plan_of(const struct rude *rude, const struct wire_text *t)
{
    const struct call_fate *fate = peal__world_fate(rude->host->world, t->call);
    return fate ? fate->plan : NULL;
}

static void on_invite(struct rude *rude, const struct wire_text *t, const peal_socket_addr *from,
                      peal_str message)
{
    const struct scenario_call *plan = plan_of(rude, t);
    struct rude_leg *leg = plan ? peal__rude_leg_new(rude, plan) : NULL;
    if (!leg || t->call_id.n >= sizeof leg->call_id) {
        return;
    }
    memcpy(leg->call_id, t->call_id.p, t->call_id.n);
    leg->peer = *from;
    leg->cseq = t->cseq;
    peal__rude_header(message, "Via", leg->via, sizeof leg->via);
    peal__rude_header(message, "From", leg->from, sizeof leg->from);
    peal__rude_header(message, "To", leg->to, sizeof leg->to);
    peal__rude_invited(leg, message);
}

static void on_message(struct rude *rude, const peal_socket_addr *from, peal_str message)
{
    struct wire_text t;
    peal__wire_read(message, &t);
    if (!t.is_sound) {
        return;
    }
    struct rude_leg *leg = find(rude, t.call_id);
    if (leg && t.status) {
        peal__rude_on_response(leg, &t, message);
    } else if (leg) {
        peal__rude_on_request(leg, &t, message);
    } else if (!t.status && peal_str_eq(t.method, PEAL_STR("INVITE")) && !t.to_tag.n) {
        on_invite(rude, &t, from, message);
    } else if (!t.status && !peal_str_eq(t.method, PEAL_STR("ACK"))) {
        peal__rude_answer(rude, from, message, "481 Gone", NULL);
    }
}

static void on_readable(peal_sock_owner *self)
{
    struct rude *rude = PEAL_CONTAINER_OF(self, struct rude, owner);
    peal_port *port = peal_thread_port(rude->thread);
    char buffer[RUDE_TEXT_MAX];
    peal_sock_error error;
    for (unsigned i = 0; i < RUDE_BATCH; i++) {
        peal_datagram d = { .data = buffer, .bytes = sizeof buffer };
        size_t count = 0;
        if (port->vt->udp_recv(rude->sock, &d, 1, &count) < 0 || !count) {
            break;
        }
        on_message(rude, &d.peer, peal_str_of(buffer, d.bytes));
    }
    while (port->vt->udp_error(rude->sock, &error, buffer, sizeof buffer) >= 0) {
    }
}

static void on_writable(peal_sock_owner *self)
{
    (void)self;
}

peal_result peal__rude_start(struct host *host)
{
    peal_port *port = peal_sim_host_port(host->machine);
    const peal_thread_options options = { .size = sizeof options, .port = port };
    const peal_sock_options socket = { .size = sizeof socket, .dscp = -1 };
    struct rude *rude = calloc(1, sizeof *rude);
    if (!rude) {
        return PEAL_E_NO_MEMORY;
    }
    host->rude = rude;
    rude->host = host;
    rude->owner.on_readable = on_readable;
    rude->owner.on_writable = on_writable;
    peal_result r = peal_thread_new(&options, &rude->thread);
    return r < 0 ? r
                 : port->vt->udp_open(peal_thread_loop(rude->thread), &host->address, &socket,
                                      &rude->owner, &rude->sock);
}

void peal__rude_free(struct host *host)
{
    struct rude *rude = host->rude;
    host->rude = NULL;
    while (rude->legs) {
        peal__rude_leg_free(rude->legs);
    }
    if (rude->sock) {
        peal_thread_port(rude->thread)->vt->sock_close(rude->sock);
    }
    peal_thread_unref(rude->thread);
    free(rude);
}

void peal__rude_call(struct host *host, const struct scenario_call *plan)
{
    struct rude_leg *leg = peal__rude_leg_new(host->rude, plan);
    if (leg) {
        leg->is_caller = true;
        peal__rude_begin(leg);
    }
}

size_t peal__rude_legs(const struct host *host)
{
    return host->rude->leg_count;
}
