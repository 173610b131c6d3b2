/* SPDX-License-Identifier: MIT */
/* UDP transport: RFC 3261 §18, RFC 3581, bounds of its queues. Each test that does not need the
 * simulated network runs on every port of the build. */
#include "test/transport/transport_world.h"

static const char *const ports[] = { "simulated", "poll", "libuv" };

static const char *loopback_v4(const transport_world *w)
{
    return w->sim ? "192.0.2.1" : "127.0.0.1";
}

static bool has_packets(transport_world *w, void *arg)
{
    return w->packet_count >= *(size_t *)arg;
}

static void wait_packets(transport_world *w, size_t count)
{
    pump(w, has_packets, &count);
}

static peal__sip_transport_counters counters(transport_world *w)
{
    peal__sip_transport_counters c;
    peal__sip_transport_counters_get(w->transport, &c);
    return c;
}

/* ---- both families, all ports ---- */

static void echo(transport_world *w, const char *host)
{
    peal_socket_addr address = addr_of(host, 0);
    w->answer = true;
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    ck_assert_uint_ne(address.port, 0); /* port 0: the chosen one is told */
    raw_peer *p = peer_new(w, host, 0);
    peer_ask(p, &address, "OPTIONS", "SIP/2.0/UDP host.example;branch=z9hG4bK1;rport");
    peer_wait(p, 1);
    ck_assert_int_eq(strncmp(p->text, "SIP/2.0 200 OK\r\n", 16), 0);
    ck_assert(peal_socket_addr_eq(&p->from, &address, true));
    ck_assert_uint_eq(peal_sip_packet_origin(w->last)->transport, PEAL_SIP_TRANSPORT_UDP);
    ck_assert(peal_socket_addr_eq(&peal_sip_packet_origin(w->last)->peer, &p->local, true));
    ck_assert(peal_socket_addr_eq(&peal_sip_packet_origin(w->last)->local, &address, true));
    ck_assert_uint_eq(counters(w).sockets, 1);
    ck_assert_uint_eq(counters(w).datagrams_in, 1);
    ck_assert_uint_eq(counters(w).datagrams_out, 1);
    peer_free(p);
}

START_TEST(echo_v4)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (w) {
        echo(w, loopback_v4(w));
        transport_world_free(w);
    }
}
END_TEST

START_TEST(echo_v6)
{
    transport_world *w = transport_world_new(ports[_i], false, NULL);
    if (w) {
        echo(w, w->sim ? "2001:db8::1" : "::1");
        transport_world_free(w);
    }
}
END_TEST

START_TEST(wildcard_answers_by_the_address_it_was_asked_at)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    peal_socket_addr address = addr_of("0.0.0.0", 0);
    w->answer = true;
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, w->sim ? "192.0.2.9" : "127.0.0.1", 0);
    const char *hosts[] = { w->sim ? "192.0.2.5" : "127.0.0.5",
                            w->sim ? "192.0.2.7" : "127.0.0.7" };
    for (size_t i = 0; i < 2; ++i) {
        peal_socket_addr to = addr_of(hosts[i], address.port);
        peer_ask(p, &to, "OPTIONS", "SIP/2.0/UDP h;branch=z9hG4bK1;rport");
        peer_wait(p, i + 1);
        ck_assert(peal_socket_addr_eq(&p->from, &to, true));
        ck_assert(peal_socket_addr_eq(&peal_sip_packet_origin(w->last)->local, &to, true));
    }
    peer_free(p);
    transport_world_free(w);
}
END_TEST

START_TEST(occupied_port_is_told)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    peal_socket_addr address = addr_of(loopback_v4(w), 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_E_ADDR_IN_USE);
    ck_assert_uint_eq(counters(w).sockets, 1);
    transport_world_free(w);
}
END_TEST

#if PEAL_HAVE_THREADS
/* The transport thread counts what it sent after the peer may have it already. */
static bool has_sent(transport_world *w, void *arg)
{
    return counters(w).datagrams_out >= *(size_t *)arg;
}

START_TEST(threads_of_their_own)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    transport_world_activate(w);
    w->answer = true;
    peal_socket_addr address = addr_of("127.0.0.1", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "127.0.0.1", 0);
    for (size_t i = 0; i < 2000; i += 40) {
        for (size_t j = 0; j < 40; ++j) {
            peer_ask(p, &address, "OPTIONS", "SIP/2.0/UDP h;branch=z9hG4bK1;rport");
        }
        peer_wait(p, i + 40);
    }
    size_t count = 2000;
    wait_packets(w, count);
    pump(w, has_sent, &count);
    ck_assert_uint_eq(counters(w).datagrams_in, 2000);
    ck_assert_uint_eq(counters(w).datagrams_out, 2000);
    peer_free(p);
    transport_world_free(w);
}
END_TEST
#endif

/* ---- received and rport ---- */

typedef struct stamp_case {
    const char *via;      /* %u: the peer's port */
    const char *expected; /* %u: the peer's port */
    bool answered;        /* the response reaches the peer */
} stamp_case;

/* The peer is 192.0.2.2:5070. */
static const stamp_case stamp_cases[] = {
    { "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1", "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1",
      true },
    { "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1;rport",
      "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1;received=192.0.2.2;rport=5070", true },
    { "SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK1;x",
      "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1;x;received=192.0.2.2;rport=5070", true },
    { "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1",
      "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;received=192.0.2.2", true },
    { "SIP/2.0/UDP host.example:5070;branch=z9hG4bK1",
      "SIP/2.0/UDP host.example:5070;branch=z9hG4bK1;received=192.0.2.2", true },
    { "SIP/2.0/UDP host.example;branch=z9hG4bK1",
      "SIP/2.0/UDP host.example;branch=z9hG4bK1;received=192.0.2.2", false }, /* to port 5060 */
    { "SIP/2.0/UDP 192.0.2.2:5070;received=203.0.113.9;branch=z9hG4bK1;rport=9",
      "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1;received=192.0.2.2;rport=5070", true },
    { "SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bK1",
      "SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bK1;received=192.0.2.2", true },
    { "SIP/2.0/UDP h;branch=z9hG4bK1;rport, SIP/2.0/UDP first.example;branch=z9hG4bK0;rport",
      "SIP/2.0/UDP h;branch=z9hG4bK1;received=192.0.2.2;rport=5070", true },
    { "SIP/2.0/UDP h;branch=z9hG4bK1;rport;x=\"a;rport=1,b\"",
      "SIP/2.0/UDP h;branch=z9hG4bK1;x=\"a;rport=1,b\";received=192.0.2.2;rport=5070", true },
};

START_TEST(via_is_stamped)
{
    const stamp_case *c = &stamp_cases[_i];
    const peal_sip_via *via = NULL;
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("192.0.2.1", 5060);
    w->answer = true;
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "192.0.2.2", 5070);
    peer_ask(p, &address, "OPTIONS", c->via);
    wait_packets(w, 1);
    ck_assert_int_eq(peal_sip_packet_via(w->last, 0, &via), PEAL_OK);
    ck_assert_msg(peal_str_eq(via->text, peal_str_z(c->expected)), "%.*s instead of %s",
                  PEAL_STR_ARG(via->text), c->expected);
    if (strchr(c->via, ',') && !strchr(c->via, '"')) { /* the second value of the list stays */
        ck_assert_int_eq(peal_sip_packet_via(w->last, 1, &via), PEAL_OK);
        ck_assert(peal_str_eq(via->host, PEAL_STR("first.example")));
        ck_assert_uint_eq(via->received.n, 0);
    }
    if (c->answered) {
        peer_wait(p, 1);
        ck_assert_ptr_nonnull(strstr(p->text, c->expected));
    } else {
        pump_some(w);
        peer_get(p);
        ck_assert_uint_eq(p->count, 0);
    }
    peer_free(p);
    transport_world_free(w);
}
END_TEST

START_TEST(v6_received_has_no_brackets)
{
    const peal_sip_via *via = NULL;
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("2001:db8::1", 5060);
    w->answer = true;
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "2001:db8::2", 5070);
    peer_ask(p, &address, "OPTIONS", "SIP/2.0/UDP [2001:db8::2]:5070;branch=z9hG4bK1");
    peer_wait(p, 1);
    ck_assert_int_eq(peal_sip_packet_via(w->last, 0, &via), PEAL_OK);
    ck_assert_uint_eq(via->received.n, 0); /* it is the sent-by */
    peer_ask(p, &address, "OPTIONS", "SIP/2.0/UDP h:5070;branch=z9hG4bK2;rport");
    peer_wait(p, 2);
    ck_assert_int_eq(peal_sip_packet_via(w->last, 0, &via), PEAL_OK);
    ck_assert(peal_str_eq(via->received, PEAL_STR("2001:db8::2")));
    peer_free(p);
    transport_world_free(w);
}
END_TEST

/* ---- where responses go ---- */

typedef struct route_case {
    const char *via;
    const char *peer; /* NULL: nowhere */
} route_case;

static const route_case route_cases[] = {
    { "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1", "198.51.100.1:5060" },
    { "SIP/2.0/UDP 198.51.100.1:6000;branch=z9hG4bK1;received=198.51.100.2", "198.51.100.2:6000" },
    { "SIP/2.0/UDP h:6000;branch=z9hG4bK1;received=198.51.100.2;rport=7000", "198.51.100.2:7000" },
    { "SIP/2.0/UDP h:6000;branch=z9hG4bK1;maddr=198.51.100.3;received=198.51.100.2",
      "198.51.100.3:6000" },
    { "SIP/2.0/UDP h:6000;branch=z9hG4bK1;maddr=224.0.1.75;received=198.51.100.2",
      "198.51.100.2:6000" },
    { "SIP/2.0/UDP h:6000;branch=z9hG4bK1;maddr=host.example;received=198.51.100.2",
      "198.51.100.2:6000" },
    { "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1", "192.0.2.2:5060" }, /* RFC 4475 §3.3.10 */
    { "SIP/2.0/UDP h;branch=z9hG4bK1", "192.0.2.2:5060" },
    { "SIP/2.0/UDP [2001:db8::1]:6000;branch=z9hG4bK1;received=[2001:db8::2]",
      "[2001:db8::2]:6000" },
    { "SIP/2.0/UDP [2001:db8::1]:6000;branch=z9hG4bK1;received=2001:db8::2", "[2001:db8::2]:6000" },
};

START_TEST(response_goes_where_18_2_2_says)
{
    const route_case *c = &route_cases[_i];
    char text[1024], peer[PEAL_SOCKET_ADDR_TEXT_MAX];
    peal__sip_route route;
    peal_sip_packet *packet = NULL;
    ck_assert_int_ge(peal_init(), 0);
    int n = snprintf(text, sizeof text,
                     "BYE sip:a@b SIP/2.0\r\nVia: %s\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\n"
                     "Call-ID: c\r\nCSeq: 1 BYE\r\n\r\n",
                     c->via);
    ck_assert_int_eq(
        peal_sip_packet_decode(NULL, peal_str_of(text, (size_t)n), NULL, &packet, NULL), PEAL_OK);
    peal_sip_origin origin = { .peer = addr_of("192.0.2.2", 5070),
                               .local = addr_of("192.0.2.1", 5060),
                               .transport = PEAL_SIP_TRANSPORT_UDP,
                               .listener = 3 };
    peal_sip_packet_set_origin(packet, &origin);
    ck_assert_int_eq(peal__sip_response_route(packet, &route), PEAL_OK);
    peal_socket_addr_format(&route.peer, true, peer);
    ck_assert_str_eq(peer, c->peer);
    if (route.peer.family == PEAL_AF_IPV4) {
        ck_assert_uint_eq(route.listener, 3);
        ck_assert(peal_socket_addr_eq(&route.local, &origin.local, true));
    }
    peal_sip_packet_unref(packet);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

/* ---- sending ---- */

typedef struct outgoing {
    peal__sip_send send;
    transport_world *w;
} outgoing;

static void outgoing_done(peal__sip_send *send)
{
    outgoing *o = PEAL_CONTAINER_OF(send, outgoing, send);
    ck_assert(!send->in_flight);
    ++o->w->sent_count;
    o->w->sent_result = send->result;
    peal_sip_wire_unref(send->wire);
    peal_sip_packet_unref(send->packet);
    free(o);
}

typedef struct send_args {
    peal__sip_route route;
    size_t count;
    size_t body_bytes;
    const char *branch;
} send_args;

static void send_some(transport_world *w, void *arg)
{
    const send_args *a = arg;
    char via[128], number[32];
    for (size_t i = 0; i < a->count; ++i) {
        outgoing *o = calloc(1, sizeof *o);
        ck_assert_ptr_nonnull(o);
        peal_sip_packet **p = &o->send.packet;
        ck_assert_int_eq(peal_sip_packet_new_request(peal_thread_pool(w->core),
                                                     PEAL_SIP_METHOD_MESSAGE, PEAL_STR(""),
                                                     PEAL_STR("sip:a@b"), p),
                         PEAL_OK);
        snprintf(via, sizeof via, "SIP/2.0/UDP h;branch=%s", a->branch ? a->branch : "z9hG4bKx");
        snprintf(number, sizeof number, "%zu", i);
        ck_assert_int_eq(peal_sip_packet_add(*p, PEAL_SIP_HEADER_VIA, peal_str_z(via)), PEAL_OK);
        ck_assert_int_eq(peal_sip_packet_add(*p, PEAL_SIP_HEADER_SUBJECT, peal_str_z(number)),
                         PEAL_OK);
        if (a->body_bytes) {
            char *body = calloc(1, a->body_bytes);
            ck_assert_ptr_nonnull(body);
            ck_assert_int_eq(peal_sip_packet_set_body(*p, PEAL_STR("text/plain"),
                                                      peal_str_of(body, a->body_bytes)),
                             PEAL_OK);
            free(body);
        }
        o->w = w;
        o->send.route = a->route;
        o->send.on_sent = outgoing_done;
        peal__sip_transport_send(w->transport, &o->send);
        ck_assert(o->send.in_flight); /* the result comes later, always */
    }
}

static bool has_results(transport_world *w, void *arg)
{
    return w->sent_count >= *(size_t *)arg;
}

static void wait_results(transport_world *w, size_t count)
{
    pump(w, has_results, &count);
}

START_TEST(batch_arrives_in_order)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    peal_socket_addr address = addr_of(loopback_v4(w), 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, loopback_v4(w), 0);
    send_args a = { .count = 500,
                    .route = { .peer = p->local, .transport = PEAL_SIP_TRANSPORT_UDP } };
    on_core(w, send_some, &a);
    peer_wait(p, 500);
    wait_results(w, 500);
    ck_assert_int_eq(w->sent_result, PEAL_OK);
    ck_assert_ptr_nonnull(strstr(p->text, "Subject: 499\r\n")); /* the last came last */
    ck_assert_uint_eq(counters(w).datagrams_out, 500);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

static peal_result send_one(transport_world *w, const peal__sip_route *route, size_t body_bytes)
{
    send_args a = { .count = 1, .route = *route, .body_bytes = body_bytes };
    size_t before = w->sent_count;
    on_core(w, send_some, &a);
    wait_results(w, before + 1);
    return w->sent_result;
}

START_TEST(impossible_routes_are_told)
{
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("192.0.2.1", 5060);
    uint32_t id = 0;
    ck_assert_int_eq(try_listen(w, &address, &id), PEAL_OK);
    peal__sip_route route = { .peer = addr_of("192.0.2.2", 5070),
                              .transport = PEAL_SIP_TRANSPORT_UDP };
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_OK);
    route.listener = id;
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_OK);
    route.listener = id + 1;
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_NO_TRANSPORT);
    route.listener = 0;
    route.local = addr_of("192.0.2.77", 0); /* not an address we listen at */
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_NO_TRANSPORT);
    route.local = (peal_socket_addr){ 0 };
    ck_assert_int_eq(send_one(w, &route, 66000), PEAL_E_TOO_BIG);
    route.transport = PEAL_SIP_TRANSPORT_TCP;
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_NO_TRANSPORT);
    route.transport = PEAL_SIP_TRANSPORT_UDP;
    route.peer = addr_of("2001:db8::2", 5070); /* no socket of this family */
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_NO_TRANSPORT);
    route.peer = addr_of("192.0.2.2", 0);
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_SEND);
    route.peer = (peal_socket_addr){ 0 };
    ck_assert_int_eq(send_one(w, &route, 0), PEAL_E_SIP_SEND);
    ck_assert_uint_eq(counters(w).send_errors, 7);
    transport_world_free(w);
}
END_TEST

START_TEST(one_bad_datagram_spoils_no_batch)
{
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("192.0.2.1", 5060);
    peal_socket_addr bad = addr_of("192.0.2.66", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &bad, PEAL_E_UNREACHABLE), 0);
    raw_peer *p = peer_new(w, "192.0.2.2", 5070);
    send_args good = { .count = 3,
                       .route = { .peer = p->local, .transport = PEAL_SIP_TRANSPORT_UDP } };
    send_args lost = { .count = 2, .route = { .peer = addr_of("192.0.2.66", 5060),
                                              .transport = PEAL_SIP_TRANSPORT_UDP } };
    on_core(w, send_some, &good);
    on_core(w, send_some, &lost);
    on_core(w, send_some, &good);
    wait_results(w, 8);
    peer_wait(p, 6);
    ck_assert_uint_eq(counters(w).send_errors, 2);
    ck_assert_uint_eq(counters(w).datagrams_out, 6);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

/* ---- ICMP ---- */

static bool has_net_error(transport_world *w, void *arg)
{
    (void)arg;
    return w->net_error_count > 0;
}

START_TEST(icmp_names_the_transaction)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    peal_socket_addr address = addr_of("127.0.0.1", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "127.0.0.1", 0);
    send_args a = { .count = 1, .branch = "z9hG4bKicmp",
                    .route = { .peer = p->local, .transport = PEAL_SIP_TRANSPORT_UDP } };
    peer_free(p); /* its port is closed now */
    on_core(w, send_some, &a);
    pump(w, has_net_error, NULL);
    ck_assert_int_eq(w->net_error, PEAL_E_REFUSED);
    ck_assert_str_eq(w->net_error_branch, "z9hG4bKicmp");
    ck_assert_uint_eq(w->net_error_method, PEAL_SIP_METHOD_MESSAGE);
    ck_assert_uint_ge(counters(w).net_errors, 1);
    /* The socket is as good as before, whatever error was left on it. */
    raw_peer *other = peer_new(w, "127.0.0.1", 0);
    a.route.peer = other->local;
    a.count = 20;
    on_core(w, send_some, &a);
    peer_wait(other, 20);
    peer_free(other);
    transport_world_free(w);
}
END_TEST

typedef struct scan_case {
    const char *text;
    bool is_request;
    const char *method, *branch; /* NULL: absent */
} scan_case;

static const scan_case scan_cases[] = {
    { "INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\n", true, "INVITE",
      "z9hG4bK1" },
    { "BYE sip:a SIP/2.0\r\nFrom: x\r\nv : SIP/2.0/UDP h;branch=b, SIP/2.0/UDP i;branch=c\r\n", true,
      "BYE", "b" },
    { "BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1", true, "BYE", NULL }, /* cut */
    { "BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n", true, "BYE", NULL },
    { "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=q\r\nCSeq: 3 FOO\r\n", false, "FOO", "q" },
    { "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=q\r\nCSeq: 3 FO", false, NULL, "q" },
    { "INVITE", false, NULL, NULL },
    { "\r\n\r\n", true, NULL, NULL },
    { "", false, NULL, NULL },
    { "A B C\r\n\r\nVia: SIP/2.0/UDP h;branch=body\r\n", true, "A", NULL },
};

START_TEST(returned_bytes_are_scanned)
{
    const scan_case *c = &scan_cases[_i];
    size_t n = strlen(c->text);
    char *exact = malloc(n + !n); /* so that a sanitizer sees every over-read */
    peal__sip_sent_facts facts;
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, c->text, n);
    peal__sip_sent_scan(peal_str_of(exact, n), &facts);
    ck_assert_int_eq(facts.is_request, c->is_request);
    ck_assert(peal_str_eq(facts.method, peal_str_z(c->method ? c->method : "")));
    ck_assert(peal_str_eq(facts.branch, peal_str_z(c->branch ? c->branch : "")));
    free(exact);
}
END_TEST

/* ---- bad input ---- */

/* The reader of a random sequence that repeats itself from run to run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

START_TEST(garbage_of_all_lengths_is_survived)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    char *bytes = malloc(65507);
    uint32_t state = 5;
    peal_socket_addr address = addr_of(loopback_v4(w), 0);
    ck_assert_ptr_nonnull(bytes);
    w->answer = true;
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, loopback_v4(w), 0);
    for (size_t n = 0; n <= 65507; n += n < 300 ? 1 : n < 60000 ? 997 : 269) {
        for (size_t i = 0; i < n; ++i) {
            bytes[i] = (char)next_random(&state);
        }
        peer_put(p, &address, bytes, n);
        if (n % 5 == 0) {
            pump_some(w);
        }
    }
    peer_put(p, &address, bytes, 65507);
    pump_some(w);
    peer_get(p);
    size_t before = p->count;
    peer_ask(p, &address, "OPTIONS", "SIP/2.0/UDP h;branch=z9hG4bK1;rport");
    peer_wait(p, before + 1);
    ck_assert_int_eq(strncmp(p->text, "SIP/2.0 200", 11), 0);
    peal__sip_transport_counters c = counters(w);
    ck_assert_uint_gt(c.dropped_not_sip, 200);
    peer_free(p);
    free(bytes);
    transport_world_free(w);
}
END_TEST

START_TEST(keep_alives_are_ignored_quietly)
{
    static const char *const bytes[] = { "", "\0", "\r\n", "\r\n\r\n", "\0\0\0\0", "jaK" };
    static const size_t lengths[] = { 0, 1, 2, 4, 4, 3 };
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("192.0.2.1", 5060);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "192.0.2.2", 5070);
    for (size_t i = 0; i < PEAL_COUNT_OF(bytes); ++i) {
        peer_put(p, &address, bytes[i], lengths[i]);
    }
    pump_some(w);
    ck_assert_uint_eq(counters(w).datagrams_in, PEAL_COUNT_OF(bytes));
    ck_assert_uint_eq(counters(w).dropped_not_sip, 0);
    ck_assert_uint_eq(w->packet_count, 0);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

START_TEST(unanswerable_is_dropped_and_counted)
{
    const char *no_via = "OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\n"
                         "Call-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
    transport_world *w = transport_world_new("simulated", true, NULL);
    peal_socket_addr address = addr_of("192.0.2.1", 5060);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "192.0.2.2", 5070);
    peer_put(p, &address, no_via, strlen(no_via));
    peer_put(p, &address, "HTTP/1.1 200 OK\r\n\r\n", 19);
    pump_some(w);
    ck_assert_uint_eq(counters(w).dropped_not_sip, 2);
    ck_assert_uint_eq(w->packet_count, 0);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

/* ---- overload ---- */

static void ask_numbered(raw_peer *p, const peal_socket_addr *to, const char *method,
                         const char *to_tag, unsigned n)
{
    char text[1024];
    int bytes = snprintf(text, sizeof text,
                         "%s sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%u;rport\r\n"
                         "From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>%s\r\nCall-ID: %u\r\n"
                         "CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
                         method, n, to_tag, n, method);
    ck_assert_int_lt(bytes, (int)sizeof text);
    peer_put(p, to, text, (size_t)bytes);
}

/* A peer at an address that is accounted for apart from 127.0.0.1. */
static raw_peer *peer_elsewhere(transport_world *w)
{
    char host[32];
    peal_socket_addr near = addr_of("127.0.0.1", 0);
    uint32_t bucket = peal__sip_overload_bucket(&w->transport->overload, &near);
    for (int i = 9; i < 250; ++i) {
        snprintf(host, sizeof host, "127.0.0.%d", i);
        peal_socket_addr far = addr_of(host, 0);
        if (peal__sip_overload_bucket(&w->transport->overload, &far) != bucket) {
            return peer_new(w, host, 0);
        }
    }
    ck_abort_msg("all sources share one bucket");
    return NULL;
}

/* The transport thread alone runs: core is busy. */
static void run_transport(transport_world *w)
{
    bool ready = false;
    for (int i = 0; i < 20; ++i) {
        ck_assert_int_ge(peal_thread_activate_for(w->transport_thread, 1, &ready), 0);
    }
}

START_TEST(overload_is_refused_without_state)
{
    const peal__sip_transport_config config = { .queue_packets = 8, .overload_retry_after_s = 17,
                                                .server_name = PEAL_STR("Peal test") };
    transport_world *w = transport_world_new("poll", true, &config);
    ck_assert_ptr_nonnull(w);
    peal_socket_addr address = addr_of("127.0.0.1", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "127.0.0.1", 0);
    raw_peer *elsewhere = peer_elsewhere(w);
    for (unsigned i = 0; i < 30; ++i) {
        ask_numbered(p, &address, "INVITE", "", i);
    }
    run_transport(w);
    peer_get(p);
    /* One source gets three quarters of the queue at most; the others still have room. */
    ck_assert_uint_eq(p->count, 24);
    ck_assert_int_eq(strncmp(p->text, "SIP/2.0 503 ", 12), 0);
    ck_assert_ptr_nonnull(strstr(p->text, "\r\nRetry-After: 17\r\n"));
    ck_assert_ptr_nonnull(strstr(p->text, "\r\nServer: Peal test\r\n"));
    ck_assert_ptr_nonnull(strstr(strstr(p->text, "\r\nTo: "), ";tag="));
    ask_numbered(elsewhere, &address, "INVITE", "", 100);
    ask_numbered(elsewhere, &address, "INVITE", "", 101);
    run_transport(w);
    peer_get(elsewhere);
    ck_assert_uint_eq(elsewhere->count, 0);
    ask_numbered(elsewhere, &address, "INVITE", "", 102); /* now it is full for all */
    run_transport(w);
    peer_get(elsewhere);
    ck_assert_uint_eq(elsewhere->count, 1);
    /* What belongs to calls passes. */
    ask_numbered(p, &address, "BYE", ";tag=x", 200);
    ask_numbered(p, &address, "ACK", "", 201);
    ask_numbered(p, &address, "CANCEL", "", 202);
    run_transport(w);
    ck_assert_uint_eq(counters(w).refused_overload, 25);
    ck_assert_uint_eq(counters(w).dropped_overload, 0);
    wait_packets(w, 6 + 2 + 3);
    ck_assert_uint_eq(w->packet_count, 11);
    /* And when core has caught up all is as before. */
    ask_numbered(p, &address, "INVITE", "", 300);
    wait_packets(w, 12);
    peer_free(elsewhere);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

START_TEST(hard_limit_drops_and_one_source_cannot_fill_it)
{
    const peal__sip_transport_config config = { .queue_packets = 8 };
    transport_world *w = transport_world_new("poll", true, &config);
    ck_assert_ptr_nonnull(w);
    peal_socket_addr address = addr_of("127.0.0.1", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "127.0.0.1", 0);
    raw_peer *elsewhere = peer_elsewhere(w);
    for (unsigned i = 0; i < 100; ++i) {
        ask_numbered(p, &address, "BYE", ";tag=x", i);
    }
    run_transport(w);
    ck_assert_uint_eq(counters(w).dropped_overload, 100 - 16); /* half of 4 times 8 */
    for (unsigned i = 0; i < 100; ++i) {
        ask_numbered(elsewhere, &address, "BYE", ";tag=x", i);
    }
    run_transport(w);
    ck_assert_uint_eq(counters(w).dropped_overload, 200 - 32);
    wait_packets(w, 32);
    pump_some(w);
    ck_assert_uint_eq(w->packet_count, 32);
    peer_free(elsewhere);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

START_TEST(refusals_are_limited)
{
    const peal__sip_transport_config config = { .queue_packets = 2 };
    transport_world *w = transport_world_new("poll", true, &config);
    ck_assert_ptr_nonnull(w);
    peal_socket_addr address = addr_of("127.0.0.1", 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, "127.0.0.1", 0);
    for (unsigned i = 0; i < 4000; ++i) {
        ask_numbered(p, &address, "INVITE", "", i);
        for (int turn = 0; i % 200 == 199 && turn < 10; ++turn) {
            bool ready = false;
            ck_assert_int_ge(peal_thread_activate_for(w->transport_thread, 0, &ready), 0);
        }
    }
    run_transport(w);
    peal__sip_transport_counters c = counters(w);
    ck_assert_uint_eq(c.refused_overload + c.dropped_overload + 2, c.datagrams_in);
    ck_assert_uint_gt(c.refused_overload, 0);
    ck_assert_uint_gt(c.dropped_overload, 0);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

/* ---- the end ---- */

static void send_and_shut_down(transport_world *w, void *arg)
{
    send_some(w, arg);
    peal__sip_transport_shut_down(w->transport);
    send_some(w, arg); /* too late */
}

START_TEST(shut_down_completes_what_was_accepted)
{
    transport_world *w = transport_world_new(ports[_i], _i % 2 == 0, NULL);
    if (!w) {
        return;
    }
    peal_socket_addr address = addr_of(loopback_v4(w), 0);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    raw_peer *p = peer_new(w, loopback_v4(w), 0);
    send_args a = { .count = 100,
                    .route = { .peer = p->local, .transport = PEAL_SIP_TRANSPORT_UDP } };
    on_core(w, send_and_shut_down, &a);
    wait_results(w, 200);
    peer_wait(p, 100);
    pump_some(w);
    peer_get(p);
    ck_assert_uint_eq(p->count, 100);
    ck_assert(w->shut_down);
    ck_assert_uint_eq(counters(w).sockets, 0);
    peer_free(p);
    transport_world_free(w);
}
END_TEST

typedef struct unlistening {
    peal__sip_listen listen;
    bool done;
} unlistening;

static void unlisten_done(peal__sip_listen *listen)
{
    PEAL_CONTAINER_OF(listen, unlistening, listen)->done = true;
}

static void start_unlistening(transport_world *w, void *arg)
{
    peal__sip_transport_unlisten(w->transport, &((unlistening *)arg)->listen);
}

static bool is_unlistened(transport_world *w, void *arg)
{
    (void)w;
    return ((unlistening *)arg)->done;
}

START_TEST(unlisten_frees_the_port)
{
    transport_world *w = transport_world_new(ports[_i], true, NULL);
    if (!w) {
        return;
    }
    unlistening u = { .listen = { .on_done = unlisten_done } };
    peal_socket_addr address = addr_of(loopback_v4(w), 0);
    ck_assert_int_eq(try_listen(w, &address, &u.listen.listener), PEAL_OK);
    on_core(w, start_unlistening, &u);
    pump(w, is_unlistened, &u);
    ck_assert_int_eq(u.listen.result, PEAL_OK);
    ck_assert_uint_eq(counters(w).sockets, 0);
    u.done = false;
    on_core(w, start_unlistening, &u);
    pump(w, is_unlistened, &u);
    ck_assert_int_eq(u.listen.result, PEAL_E_NOT_FOUND);
    ck_assert_int_eq(try_listen(w, &address, NULL), PEAL_OK);
    transport_world_free(w);
}
END_TEST

int main(void)
{
    const int all = (int)PEAL_COUNT_OF(ports);
    Suite *suite = suite_create("transport");
    TCase *tc = tcase_create("UDP");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, echo_v4, 0, all);
    tcase_add_loop_test(tc, echo_v6, 0, all);
    tcase_add_loop_test(tc, wildcard_answers_by_the_address_it_was_asked_at, 0, all);
    tcase_add_loop_test(tc, occupied_port_is_told, 0, all);
#if PEAL_HAVE_THREADS
    tcase_add_loop_test(tc, threads_of_their_own, 1, all);
#endif
    tcase_add_loop_test(tc, via_is_stamped, 0, (int)PEAL_COUNT_OF(stamp_cases));
    tcase_add_test(tc, v6_received_has_no_brackets);
    tcase_add_loop_test(tc, response_goes_where_18_2_2_says, 0, (int)PEAL_COUNT_OF(route_cases));
    tcase_add_loop_test(tc, batch_arrives_in_order, 0, all);
    tcase_add_test(tc, impossible_routes_are_told);
    tcase_add_test(tc, one_bad_datagram_spoils_no_batch);
    tcase_add_loop_test(tc, icmp_names_the_transaction, 1, all); /* real sockets only */
    tcase_add_loop_test(tc, returned_bytes_are_scanned, 0, (int)PEAL_COUNT_OF(scan_cases));
    tcase_add_loop_test(tc, garbage_of_all_lengths_is_survived, 0, all);
    tcase_add_test(tc, keep_alives_are_ignored_quietly);
    tcase_add_test(tc, unanswerable_is_dropped_and_counted);
    tcase_add_test(tc, overload_is_refused_without_state);
    tcase_add_test(tc, hard_limit_drops_and_one_source_cannot_fill_it);
    tcase_add_test(tc, refusals_are_limited);
    tcase_add_loop_test(tc, shut_down_completes_what_was_accepted, 0, all);
    tcase_add_loop_test(tc, unlisten_frees_the_port, 0, all);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
