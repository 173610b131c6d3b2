/* SPDX-License-Identifier: MIT */
/* A simulated world of two stacks that talk to each other, and three small services of our own:
 * they show what third parties may write, and keep the core's tests free of the services that come
 * with it.
 *
 *   test.agent   core service: fills in requests, owns every method, reports last
 *   test.helper  core service: queues an event for each response and watches
 *   test.way     connection service: gives the hosts of a list, writes Via; may answer later */
#ifndef PEAL_TEST_CORE_WORLD_H
#define PEAL_TEST_CORE_WORLD_H

#include <check.h>
#include <peal/peal.h>
#include <peal/sim.h>
#include <peal/sip/context.h>
#include <peal/sip/dialog_matcher.h>
#include <peal/sip/service.h>

typedef struct node node;
typedef struct hooks hooks;
typedef struct world world;

/* The manager of test.agent and test.helper: what a test wants to hear. Every hook may be NULL. */
struct hooks {
    void (*on_event)(hooks *self, peal_sip_client_event_control *control, unsigned code);
    void (*on_request)(hooks *self, peal_sip_packet *request,
                       peal_sip_server_event_control *control);
    void (*on_cancelled)(hooks *self, peal_sip_server_event_control *control);
    void *arg;
    unsigned ended;        /* on_request_ended */
    unsigned server_ended; /* on_server_request_ended */
    unsigned tries_ended;
    peal_result try_result;    /* of the last */
    peal_result refuse_outgoing; /* stage 1 answers this, if not 0 */
    peal_sip_context *route_to;  /* route_response of test.agent names it */
};

enum { EVENT_HELPER = 7, EVENT_AGENT = 8 };
/* test.way takes a host at this port for one by TCP. */
enum { WAY_STREAM_PORT = 7000 };

PEAL_INTERFACE(test_agent)
{
    peal_unk_vt unk;
    peal_sip_context *(*context)(test_agent *self);
};
PEAL_INTERFACE(test_way)
{
    peal_unk_vt unk;
    void (*add_host)(test_way *self, const peal_socket_addr *address);
    void (*set_pending)(test_way *self, bool pending);
    void (*finish)(test_way *self, peal_result result);
};
extern const peal_clsid test_agent_clsid, test_helper_clsid, test_way_clsid;

/* What went over the wire. */
typedef struct wire_count {
    unsigned invite, ack, bye, cancel, options, other, responses;
} wire_count;

struct node {
    world *world;
    peal_sip_core_user user;
    peal_thread *threads[3];
    unsigned thread_count;
    peal_sip_core_config *core;
    peal_socket_addr bound; /* of the listener that came up last */
    uint32_t listener;
    unsigned listening, listening_ended, packets, strays;
    peal_result listen_result;
    bool down;
    size_t held;
    /* what to do with packets; NULL: count them */
    void (*on_packet)(node *n, peal_sip_packet *packet);
    void *arg;
};

struct world {
    peal_sim *sim;
    node a, b;
    wire_count wire; /* since the start */
    unsigned drop_to_port; /* datagrams to this port vanish; 0: none */
    char last[2048];       /* the last datagram */
    size_t last_bytes;
};

/* Starts the world with @p threads servicing threads per stack, up to 3. Ends the test on
 * failure. */
/* Makes the three services known; world_start does it. */
void register_services(void);
void world_start(world *w, unsigned threads);
/* Shuts both stacks down, checks that nothing is left, and ends the world. */
void world_end(world *w);
/* Both in one: for tests that look at something in between. */
void node_shut_down(node *n, uint32_t grace_ms, uint32_t linger_ms);
/* Runs the world for so many virtual milliseconds. */
void world_run(world *w, uint64_t ms);
/* Listens on an address and waits for the result. */
void node_listen(node *n, const char *ip, uint16_t port);
peal_socket_addr addr(const char *ip, uint16_t port);

/* A context with agent, helper and way; the hosts are added to the way in order. */
peal_sip_context *make_context(node *n, hooks *h, const peal_socket_addr *hosts, size_t count);
void end_context(peal_sip_context **context);
test_way *way_of(peal_sip_context *context);
/* Sends a request of the context's agent. */
peal_result send_request(peal_sip_context *context, peal_sip_method method, void *opaque,
                         peal_sip_client_request **ret);
/* The context's agent as the service it is. */
peal_sip_service *agent_service(peal_sip_context *context);
peal_sip_census census_of(node *n);
peal_str absent(void);

/* The suites. */
Suite *suite_life(void);
Suite *suite_client(void);
Suite *suite_cancel(void);
Suite *suite_server(void);
Suite *suite_failover(void);
Suite *suite_dispatcher(void);
Suite *suite_memory(void);

#endif
