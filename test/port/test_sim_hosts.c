/* SPDX-License-Identifier: MIT */
/* Role: hosts of the simulated network: who has which address, links between them, partitions,
 * hosts that are paused, killed and started anew, each kind of fault, and what is told of it. */
#include "test/port/port_tests.h"

typedef struct machine {
    peal_sim_host *host;
    peal_port *port;
    peal_loop *loop;
    end end; /* bound to its first address, port 5060 */
} machine;

static peal_sim *sim;
static machine a, b, c;
static peal_sim_stats stats;

static void machine_open(machine *m, const char *name, const char *addresses)
{
    ck_assert_int_eq(peal_sim_host_new(sim, name, addresses, &m->host), PEAL_OK);
    m->port = peal_sim_host_port(m->host);
    ck_assert_int_eq(m->port->vt->loop_open(m->port, &m->loop), PEAL_OK);
    peal_socket_addr first;
    ck_assert_int_eq(peal_sim_host_address(m->host, 0, &first), PEAL_OK);
    first.port = 5060;
    ck_assert_int_eq(end_try(&m->end, m->port, m->loop, &first, NULL), PEAL_OK);
}

static void machine_close(machine *m)
{
    end_close(&m->end);
    m->port->vt->loop_close(m->loop);
}

static void open_world(uint64_t seed)
{
    ck_assert_int_eq(peal_sim_new(seed, &sim), PEAL_OK);
    machine_open(&a, "alice", "10.0.0.1 2001:db8::1");
    machine_open(&b, "bob", "10.0.0.2 10.0.1.2 2001:db8::2");
    machine_open(&c, "carol", "10.0.0.3");
}

static void close_world(void)
{
    machine_close(&a);
    machine_close(&b);
    machine_close(&c);
    peal_sim_free(sim);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

/* Lets all three hear what is there now. */
static void listen_now(void)
{
    for (int i = 0; i < 200; ++i) {
        ck_assert_int_ge(a.port->vt->loop_wait(a.loop, 0), 0);
        ck_assert_int_ge(b.port->vt->loop_wait(b.loop, 0), 0);
        ck_assert_int_ge(c.port->vt->loop_wait(c.loop, 0), 0);
    }
}

/* Virtual time passes; nobody on the machines looks meanwhile. */
static void pass_ms(uint64_t ms)
{
    ck_assert_int_ge(peal_sim_run(sim, ms, NULL, NULL), 0);
    listen_now();
}

static void set_link(machine *from, machine *to, const peal_sim_link *link)
{
    peal_sim_link sized = *link;
    sized.size = sizeof sized;
    ck_assert_int_eq(peal_sim_set_link_between(sim, from ? from->host : NULL,
                                               to ? to->host : NULL, &sized),
                     PEAL_OK);
}

static peal_result send_result(machine *from, const peal_socket_addr *to, size_t bytes)
{
    static char text[70000];
    peal_datagram d = { .peer = *to, .data = text, .bytes = bytes };
    size_t count = 0;
    peal_result r = from->port->vt->udp_send(from->end.sock, &d, 1, &count);
    return r < 0 ? r : d.result;
}

static const peal_sim_stats *stats_now(void)
{
    stats.size = sizeof stats;
    peal_sim_get_stats(sim, &stats);
    return &stats;
}

/* ---- addresses ---- */

START_TEST(an_address_belongs_to_one_host)
{
    peal_sim_host *other = NULL;
    peal_socket_addr address = address_of("10.0.1.2", 0);
    open_world(1);
    ck_assert_ptr_eq(peal_sim_host_of(sim, &address), b.host);
    ck_assert_int_eq(peal_sim_host_add_address(a.host, &address), PEAL_E_EXISTS);
    ck_assert_int_eq(peal_sim_host_new(sim, "thief", "10.9.0.1 10.0.0.3", &other), PEAL_E_EXISTS);
    ck_assert_int_eq(peal_sim_host_new(sim, "odd", "10.9.0.1 nonsense", &other), PEAL_E_SYNTAX);
    ck_assert_ptr_null(other);
    address = address_of("10.9.0.1", 0);
    ck_assert_ptr_null(peal_sim_host_of(sim, &address));
    ck_assert_int_eq(peal_sim_host_new(sim, NULL, "10.9.0.1", &other), PEAL_OK);
    ck_assert_str_eq(peal_sim_host_name(other), "host4");
    ck_assert_uint_eq(peal_sim_host_number(other), 4);
    ck_assert_ptr_eq(peal_sim_host_at(sim, 4), other);
    ck_assert_ptr_null(peal_sim_host_at(sim, 5));
    ck_assert_int_eq(peal_sim_host_address(a.host, 1, &address), PEAL_OK);
    ck_assert_uint_eq(address.family, PEAL_AF_IPV6);
    ck_assert_int_eq(peal_sim_host_address(a.host, 2, &address), PEAL_E_NOT_FOUND);
    close_world();
}
END_TEST

START_TEST(a_socket_takes_its_hosts_addresses_only)
{
    end e;
    peal_socket_addr address = address_of("10.0.0.2", 7000);
    open_world(1);
    ck_assert_int_eq(end_try(&e, a.port, a.loop, &address, NULL), PEAL_E_ADDR_NOT_AVAILABLE);
    peal_loop *loop = NULL;
    peal_port *port = peal_sim_port(sim);
    ck_assert_int_eq(port->vt->loop_open(port, &loop), PEAL_OK);
    ck_assert_int_eq(end_try(&e, port, loop, &address, NULL), PEAL_E_ADDR_NOT_AVAILABLE);
    address = address_of("192.0.2.1", 7000); /* nobody's: the default host's */
    ck_assert_int_eq(end_try(&e, port, loop, &address, NULL), PEAL_OK);
    end_send(&a.end, &address, "hello");
    ck_assert_int_ge(port->vt->loop_wait(loop, 1000), 0);
    ck_assert_uint_eq(e.received, 1);
    end_close(&e);
    port->vt->loop_close(loop);
    close_world();
}
END_TEST

START_TEST(wildcards_and_loopback_stay_on_their_host)
{
    end on_a, on_b;
    peal_socket_addr any = address_of("0.0.0.0", 9000), loopback = address_of("127.0.0.1", 9000);
    peal_socket_addr second = address_of("10.0.1.2", 9000);
    open_world(1);
    ck_assert_int_eq(end_try(&on_a, a.port, a.loop, &any, NULL), PEAL_OK);
    ck_assert_int_eq(end_try(&on_b, b.port, b.loop, &any, NULL), PEAL_OK);
    end_send(&on_a, &loopback, "to myself");
    end_send(&on_a, &second, "to b");
    pass_ms(1);
    ck_assert_uint_eq(on_a.received, 1);
    ck_assert_uint_eq(on_b.received, 1);
    ck_assert(peal_socket_addr_eq(&on_b.local, &second, true));
    peal_socket_addr source = address_of("10.0.0.1", 9000);
    ck_assert(peal_socket_addr_eq(&on_b.peer, &source, true));
    peal_datagram forged = { .peer = second, .local = address_of("10.0.0.3", 0),
                             .data = (char[]){ 'x' }, .bytes = 1 };
    size_t count = 0;
    ck_assert_int_eq(a.port->vt->udp_send(on_a.sock, &forged, 1, &count), PEAL_OK);
    ck_assert_int_eq(forged.result, PEAL_E_ADDR_NOT_AVAILABLE);
    end_close(&on_a);
    end_close(&on_b);
    close_world();
}
END_TEST

START_TEST(each_family_leaves_by_its_own_address)
{
    end on_a, on_b;
    peal_socket_addr any = address_of("::", 9000), v4 = address_of("10.0.0.2", 9000),
                     v6 = address_of("2001:db8::2", 9000);
    open_world(1);
    ck_assert_int_eq(end_try(&on_a, a.port, a.loop, &any, NULL), PEAL_OK);
    ck_assert_int_eq(end_try(&on_b, b.port, b.loop, &any, NULL), PEAL_OK);
    end_send(&on_a, &v4, "four");
    pass_ms(1);
    peal_socket_addr source = address_of("10.0.0.1", 9000);
    ck_assert(peal_socket_addr_eq(&on_b.peer, &source, true));
    end_send(&on_a, &v6, "six");
    pass_ms(1);
    source = address_of("2001:db8::1", 9000);
    ck_assert(peal_socket_addr_eq(&on_b.peer, &source, true));
    ck_assert_uint_eq(on_b.received, 2);
    end_close(&on_a);
    end_close(&on_b);
    close_world();
}
END_TEST

START_TEST(a_hosts_clocks_can_be_ahead)
{
    open_world(1);
    ck_assert_int_eq(peal_sim_host_set_clock(a.host, 5000000, 0), PEAL_E_STATE);
    ck_assert_int_eq(peal_sim_host_set_clock(a.host, 0, -3600000000), PEAL_OK);
    peal_sim_host *ahead = NULL;
    ck_assert_int_eq(peal_sim_host_new(sim, "ahead", "10.1.1.1", &ahead), PEAL_OK);
    ck_assert_int_eq(peal_sim_host_set_clock(ahead, 5000250, 0), PEAL_OK);
    peal_port *port = peal_sim_host_port(ahead);
    ck_assert_uint_eq(port->vt->now_ns(port), b.port->vt->now_ns(b.port) + 5000250000);
    ck_assert_int_eq(a.port->vt->wall_us(a.port), b.port->vt->wall_us(b.port) - 3600000000);
    close_world();
}
END_TEST

START_TEST(hosts_draw_from_streams_of_their_own)
{
    uint64_t drawn[3], again;
    open_world(1);
    ck_assert_int_eq(a.port->vt->random(a.port, &drawn[0], 8), PEAL_OK);
    ck_assert_int_eq(b.port->vt->random(b.port, &drawn[1], 8), PEAL_OK);
    drawn[2] = peal_sim_random(sim);
    ck_assert_uint_ne(drawn[0], drawn[1]);
    ck_assert_uint_ne(drawn[0], drawn[2]);
    close_world();
    open_world(1);
    for (int i = 0; i < 100; ++i) {
        (void)peal_sim_random(sim);
        ck_assert_int_eq(a.port->vt->random(a.port, &again, 8), PEAL_OK);
    }
    ck_assert_int_eq(b.port->vt->random(b.port, &again, 8), PEAL_OK);
    ck_assert_uint_eq(again, drawn[1]);
    ck_assert_uint_eq(peal_sim_seed(sim), 1);
    close_world();
}
END_TEST

/* ---- links ---- */

static uint64_t trip_ms(machine *from, machine *to)
{
    unsigned before = to->end.received;
    uint64_t start = peal_sim_now_ms(sim);
    end_send(&from->end, &to->end.address, "x");
    while (to->end.received == before) {
        ck_assert_int_ge(to->port->vt->loop_wait(to->loop, 10000000), 0);
    }
    return peal_sim_now_ms(sim) - start;
}

START_TEST(the_nearest_link_counts)
{
    open_world(1);
    ck_assert_uint_eq(trip_ms(&a, &b), 0);
    set_link(NULL, NULL, &(peal_sim_link){ .delay_us = 1000 });
    set_link(NULL, &b, &(peal_sim_link){ .delay_us = 2000 });
    ck_assert_uint_eq(trip_ms(&a, &c), 1);
    ck_assert_uint_eq(trip_ms(&a, &b), 2);
    set_link(&a, NULL, &(peal_sim_link){ .delay_us = 3000 });
    ck_assert_uint_eq(trip_ms(&a, &b), 3);
    set_link(&a, &b, &(peal_sim_link){ .delay_us = 4000 });
    ck_assert_uint_eq(trip_ms(&a, &b), 4);
    ck_assert_uint_eq(trip_ms(&a, &c), 3);
    ck_assert_uint_eq(trip_ms(&b, &a), 1);
    ck_assert_uint_eq(trip_ms(&a, &a), 0); /* over no link */
    set_link(&a, &a, &(peal_sim_link){ .delay_us = 5000 });
    ck_assert_uint_eq(trip_ms(&a, &a), 5);
    ck_assert_int_eq(peal_sim_set_link_between(sim, a.host, b.host, NULL), PEAL_OK);
    ck_assert_uint_eq(trip_ms(&a, &b), 3);
    ck_assert_int_eq(peal_sim_set_link_between(sim, a.host, NULL, NULL), PEAL_OK);
    ck_assert_uint_eq(trip_ms(&a, &b), 2);
    ck_assert_int_eq(peal_sim_set_link_between(sim, NULL, b.host, NULL), PEAL_OK);
    ck_assert_uint_eq(trip_ms(&a, &b), 1);
    close_world();
}
END_TEST

START_TEST(a_lossy_direction_leaves_the_other_alone)
{
    open_world(2);
    set_link(&a, &b, &(peal_sim_link){ .loss_percent = 100 });
    end_send(&a.end, &b.end.address, "there");
    end_send(&b.end, &a.end.address, "back");
    pass_ms(1);
    ck_assert_uint_eq(b.end.received, 0);
    ck_assert_uint_eq(a.end.received, 1);
    ck_assert_uint_eq(stats_now()->lost, 1);
    close_world();
}
END_TEST

START_TEST(what_is_held_back_is_overtaken)
{
    open_world(3);
    set_link(NULL, NULL, &(peal_sim_link){ .reorder_percent = 50, .reorder_us = 700 });
    for (int i = 0; i < 100; ++i) {
        end_send(&a.end, &b.end.address, "x");
    }
    pass_ms(0);
    unsigned at_once = b.end.received;
    ck_assert_uint_gt(at_once, 25);
    ck_assert_uint_lt(at_once, 75);
    ck_assert_uint_eq(stats_now()->reordered, 100 - at_once);
    pass_ms(1);
    ck_assert_uint_eq(b.end.received, 100);
    close_world();
}
END_TEST

static unsigned bits_apart(const char *x, const char *y, size_t n)
{
    unsigned bits = 0;
    for (size_t i = 0; i < n; ++i) {
        bits += (unsigned)__builtin_popcount((unsigned char)(x[i] ^ y[i]));
    }
    return bits;
}

START_TEST(corruption_turns_a_few_bits)
{
    open_world(4);
    set_link(NULL, NULL, &(peal_sim_link){ .corrupt_percent = 100 });
    unsigned changed = 0;
    for (unsigned i = 1; i <= 50; ++i) {
        end_send(&a.end, &b.end.address, "abcdefghijklmnopqrstuvwxyz");
        pass_ms(1);
        ck_assert_uint_eq(b.end.received, i);
        ck_assert_uint_eq(b.end.length, 26);
        unsigned bits = bits_apart(b.end.bytes, "abcdefghijklmnopqrstuvwxyz", 26);
        ck_assert_uint_le(bits, 4);
        changed += bits > 0;
    }
    ck_assert_uint_gt(changed, 45); /* a bit that is turned twice is as it was */
    ck_assert_uint_eq(stats_now()->corrupted, 50);
    close_world();
}
END_TEST

START_TEST(a_small_mtu_drops_refuses_or_answers)
{
    open_world(5);
    peal_sim_link link = { .mtu_bytes = 528 }; /* 500 and headers */
    set_link(NULL, NULL, &link);
    ck_assert_int_eq(send_result(&a, &b.end.address, 500), PEAL_OK);
    ck_assert_int_eq(send_result(&a, &b.end.address, 501), PEAL_OK);
    pass_ms(1);
    ck_assert_uint_eq(b.end.received, 1);
    ck_assert_uint_eq(a.end.errors, 0);
    link.mtu = PEAL_SIM_MTU_REFUSE;
    set_link(NULL, NULL, &link);
    ck_assert_int_eq(send_result(&a, &b.end.address, 501), PEAL_E_TOO_BIG);
    link.mtu = PEAL_SIM_MTU_ICMP;
    set_link(NULL, NULL, &link);
    ck_assert_int_eq(send_result(&a, &b.end.address, 501), PEAL_OK);
    pass_ms(1);
    ck_assert_uint_eq(b.end.received, 1);
    ck_assert_uint_eq(a.end.errors, 1);
    ck_assert_int_eq(a.end.last_error, PEAL_E_TOO_BIG);
    ck_assert(peal_socket_addr_eq(&a.end.error_peer, &b.end.address, true));
    close_world();
}
END_TEST

START_TEST(a_link_may_block_for_a_while)
{
    open_world(6);
    set_link(NULL, NULL, &(peal_sim_link){ .block_percent = 100, .block_us = 3000 });
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_E_WOULD_BLOCK);
    set_link(NULL, NULL, &(peal_sim_link){ 0 });
    pass_ms(2);
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_E_WOULD_BLOCK);
    ck_assert_uint_eq(a.end.writable, 0);
    pass_ms(1);
    ck_assert_uint_eq(a.end.writable, 1);
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_OK);
    ck_assert_uint_eq(stats_now()->failed, 1);
    close_world();
}
END_TEST

/* ---- errors by destination ---- */

START_TEST(send_errors_are_everybodys_or_one_senders)
{
    open_world(7);
    peal_socket_addr host = b.end.address;
    host.port = 0;
    ck_assert_int_eq(peal_sim_host_set_send_error(a.host, &host, PEAL_E_UNREACHABLE), PEAL_OK);
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_E_UNREACHABLE);
    ck_assert_int_eq(send_result(&c, &b.end.address, 1), PEAL_OK);
    ck_assert_int_eq(peal_sim_host_set_send_error(a.host, &host, PEAL_OK), PEAL_OK);
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_OK);
    ck_assert_int_eq(peal_sim_set_send_error(sim, &host, PEAL_E_REFUSED), PEAL_OK);
    ck_assert_int_eq(send_result(&c, &b.end.address, 1), PEAL_E_REFUSED);
    ck_assert_int_eq(peal_sim_set_send_error(sim, &host, PEAL_E_WOULD_BLOCK), PEAL_OK);
    ck_assert_int_eq(send_result(&a, &b.end.address, 1), PEAL_E_WOULD_BLOCK);
    pass_ms(1);
    ck_assert_uint_eq(a.end.writable, 1);
    close_world();
}
END_TEST

START_TEST(icmp_errors_come_back)
{
    open_world(8);
    ck_assert_int_eq(peal_sim_set_icmp_error(sim, &b.end.address, PEAL_E_UNREACHABLE), PEAL_OK);
    end_send(&a.end, &b.end.address, "anybody?");
    pass_ms(1);
    ck_assert_uint_eq(b.end.received, 0);
    ck_assert_uint_eq(a.end.errors, 1);
    ck_assert_int_eq(a.end.last_error, PEAL_E_UNREACHABLE);
    ck_assert_uint_eq(a.end.length, 8);
    ck_assert_int_eq(memcmp(a.end.bytes, "anybody?", 8), 0);
    ck_assert_int_eq(peal_sim_set_icmp_error(sim, &b.end.address, PEAL_OK), PEAL_OK);
    peal_socket_addr closed = address_of("10.0.0.2", 4);
    end_send(&a.end, &closed, "and here?");
    pass_ms(1);
    ck_assert_uint_eq(a.end.errors, 2);
    ck_assert_int_eq(a.end.last_error, PEAL_E_REFUSED);
    close_world();
}
END_TEST

/* ---- partitions ---- */

START_TEST(a_partition_cuts_and_heals)
{
    open_world(9);
    set_link(NULL, NULL, &(peal_sim_link){ .delay_us = 10000 });
    end_send(&a.end, &b.end.address, "on its way");
    pass_ms(5);
    peal_sim_host_set_group(b.host, 1);
    peal_sim_host_set_group(c.host, 1);
    end_send(&a.end, &b.end.address, "too late");
    end_send(&b.end, &c.end.address, "within");
    pass_ms(20);
    ck_assert_uint_eq(b.end.received, 0);
    ck_assert_uint_eq(c.end.received, 1);
    ck_assert_uint_eq(a.end.errors, 0);
    ck_assert_uint_eq(stats_now()->lost, 2);
    peal_sim_heal(sim);
    end_send(&a.end, &b.end.address, "again");
    pass_ms(20);
    ck_assert_uint_eq(b.end.received, 1);
    close_world();
}
END_TEST

/* ---- hosts that fail ---- */

START_TEST(a_paused_host_hears_later_or_never)
{
    open_world(10);
    peal_sim_host_pause(b.host, false);
    for (int i = 0; i < 2000; ++i) {
        end_send(&a.end, &b.end.address, "x");
    }
    ck_assert_int_ge(peal_sim_run(sim, 1, NULL, NULL), 0);
    ck_assert_uint_gt(stats_now()->lost, 1000); /* its buffer is bounded */
    peal_sim_host_resume(b.host);
    listen_now();
    ck_assert_uint_gt(b.end.received, 100);
    ck_assert_uint_eq(b.end.received + stats_now()->lost, 2000);
    uint64_t lost = stats_now()->lost;
    peal_sim_host_pause(b.host, true);
    end_send(&a.end, &b.end.address, "x");
    pass_ms(1);
    ck_assert_uint_eq(stats_now()->lost, lost + 1);
    peal_sim_host_resume(b.host);
    close_world();
}
END_TEST

START_TEST(a_killed_host_is_refused_until_it_starts_anew)
{
    end again, ghost;
    peal_loop *loop = NULL;
    open_world(11);
    peal_sim_host_kill(b.host);
    end_send(&a.end, &b.end.address, "still there?");
    pass_ms(1);
    ck_assert_uint_eq(a.end.errors, 1);
    ck_assert_int_eq(a.end.last_error, PEAL_E_REFUSED);
    end_send(&b.end, &a.end.address, "from beyond"); /* what was killed goes on, deaf and mute */
    pass_ms(1);
    ck_assert_uint_eq(a.end.received, 0);
    peal_socket_addr wish = address_of("10.0.0.2", 7777);
    ck_assert_int_eq(end_try(&ghost, b.port, b.loop, &wish, NULL), PEAL_OK);
    end_send(&a.end, &wish, "anybody?");
    pass_ms(1);
    ck_assert_uint_eq(ghost.received, 0);
    ck_assert_uint_eq(a.end.errors, 2);
    ck_assert_int_eq(b.port->vt->loop_open(b.port, &loop), PEAL_OK); /* started anew */
    ck_assert_int_eq(end_try(&again, b.port, loop, &b.end.address, NULL), PEAL_OK);
    end_send(&a.end, &b.end.address, "welcome");
    pass_ms(1);
    ck_assert_int_ge(b.port->vt->loop_wait(loop, 0), 0);
    ck_assert_uint_eq(again.received, 1);
    ck_assert_uint_eq(b.end.received, 0);
    end_close(&ghost);
    end_close(&again);
    b.port->vt->loop_close(loop);
    close_world();
}
END_TEST

/* ---- events ---- */

static unsigned seen[PEAL_SIM_FAULT + 1];
static uint64_t numbers[4];
static void watch(void *arg, const peal_sim_event *event)
{
    ck_assert_ptr_eq(arg, seen);
    ck_assert_uint_eq(event->now_us, peal_sim_now_us(sim));
    ck_assert_ptr_nonnull(event->what);
    ++seen[event->kind];
    if (event->kind == PEAL_SIM_SENT) {
        ck_assert_ptr_eq(event->host, a.host);
        numbers[0] = event->number;
    } else if (event->kind == PEAL_SIM_ARRIVED) {
        ck_assert_ptr_eq(event->host, b.host);
        ck_assert_uint_eq(event->number, numbers[0]);
        ck_assert(peal_socket_addr_eq(event->to, &b.end.address, true));
        ck_assert(peal_str_eq(event->bytes, PEAL_STR("look")));
    }
}

START_TEST(observers_hear_what_happens)
{
    open_world(12);
    memset(seen, 0, sizeof seen);
    set_link(NULL, NULL, &(peal_sim_link){ .delay_us = 1000, .duplicate_percent = 100 });
    ck_assert_int_eq(peal_sim_add_observer(sim, watch, seen), PEAL_OK);
    end_send(&a.end, &b.end.address, "look");
    pass_ms(5);
    peal_sim_host_set_group(a.host, 1);
    ck_assert_uint_eq(seen[PEAL_SIM_SENT], 1);
    ck_assert_uint_eq(seen[PEAL_SIM_DUPLICATED], 1);
    ck_assert_uint_eq(seen[PEAL_SIM_ARRIVED], 2);
    ck_assert_uint_eq(seen[PEAL_SIM_CLOCK], 1);
    ck_assert_uint_eq(seen[PEAL_SIM_FAULT], 1);
    peal_sim_remove_observer(sim, watch, seen);
    peal_sim_remove_observer(sim, watch, seen);
    uint64_t hash = peal_sim_trace_hash(sim), events = stats_now()->events;
    peal_sim_host_set_group(a.host, 0);
    ck_assert_uint_eq(seen[PEAL_SIM_FAULT], 1);
    ck_assert_uint_ne(hash, peal_sim_trace_hash(sim));
    ck_assert_uint_eq(stats_now()->events, events + 1);
    close_world();
}
END_TEST

static char order[8];
static void never(void *arg)
{
    (void)arg;
    ck_abort_msg("too early");
}

static void note_a(void *arg)
{
    (void)arg;
    strcat(order, "a");
    ck_assert_uint_eq(peal_sim_now_us(sim), 2500);
}

static void note_b(void *arg)
{
    (void)arg;
    strcat(order, "b");
    if (strlen(order) == 3) {
        peal_sim_stop(sim);
    } else {
        ck_assert_int_eq(peal_sim_at(sim, 7000, note_b, NULL), PEAL_OK);
    }
}

START_TEST(actions_come_at_their_time)
{
    open_world(13);
    order[0] = '\0';
    ck_assert_int_eq(peal_sim_at(sim, 5000, note_b, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sim_at(sim, 2500, note_a, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sim_at(sim, 9000000, never, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sim_run(sim, 100, NULL, NULL), PEAL_OK);
    ck_assert_str_eq(order, "abb");
    ck_assert_uint_eq(peal_sim_now_ms(sim), 7); /* stopped */
    close_world();
}
END_TEST

/* Everything at once, in one number. */
static uint64_t storm(uint64_t seed, double loss)
{
    open_world(seed);
    set_link(NULL, NULL, &(peal_sim_link){ .delay_us = 500, .jitter_us = 4000,
                                           .loss_percent = loss, .duplicate_percent = 10,
                                           .corrupt_percent = 5, .reorder_percent = 5 });
    for (int i = 0; i < 300; ++i) {
        end_send(&a.end, &b.end.address, "one");
        end_send(&b.end, &c.end.address, "two");
        if (i == 100) {
            peal_sim_host_set_group(c.host, 1);
        }
        pass_ms(1);
    }
    uint64_t hash = peal_sim_trace_hash(sim);
    close_world();
    return hash;
}

START_TEST(the_trace_is_the_seeds)
{
    ck_assert_uint_eq(storm(1, 10), storm(1, 10));
    ck_assert_uint_ne(storm(1, 10), storm(2, 10));
    ck_assert_uint_ne(storm(1, 10), storm(1, 11));
}
END_TEST

TCase *sim_host_tests(void)
{
    TCase *tests = tcase_create("simulated hosts");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_address_belongs_to_one_host);
    tcase_add_test(tests, a_socket_takes_its_hosts_addresses_only);
    tcase_add_test(tests, wildcards_and_loopback_stay_on_their_host);
    tcase_add_test(tests, each_family_leaves_by_its_own_address);
    tcase_add_test(tests, a_hosts_clocks_can_be_ahead);
    tcase_add_test(tests, hosts_draw_from_streams_of_their_own);
    tcase_add_test(tests, the_nearest_link_counts);
    tcase_add_test(tests, a_lossy_direction_leaves_the_other_alone);
    tcase_add_test(tests, what_is_held_back_is_overtaken);
    tcase_add_test(tests, corruption_turns_a_few_bits);
    tcase_add_test(tests, a_small_mtu_drops_refuses_or_answers);
    tcase_add_test(tests, a_link_may_block_for_a_while);
    tcase_add_test(tests, send_errors_are_everybodys_or_one_senders);
    tcase_add_test(tests, icmp_errors_come_back);
    tcase_add_test(tests, a_partition_cuts_and_heals);
    tcase_add_test(tests, a_paused_host_hears_later_or_never);
    tcase_add_test(tests, a_killed_host_is_refused_until_it_starts_anew);
    tcase_add_test(tests, observers_hear_what_happens);
    tcase_add_test(tests, actions_come_at_their_time);
    tcase_add_test(tests, the_trace_is_the_seeds);
    return tests;
}
