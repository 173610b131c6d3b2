/* SPDX-License-Identifier: MIT */
/* peal-b2bua: a back-to-back user agent on Peal's public API. A call is an incoming leg and one or
 * more outgoing legs; each leg is a SIP context with its own dialog. All of it lives on the core
 * thread; its host (main.c, or who runs it on another port) reaches it by messages only. A host
 * fills in `out` and `on_down`, reads the options, sets options.port if it has a port of its own,
 * starts it, posts commands, and frees it after on_down. */
#ifndef PEAL_B2BUA_PRIV_H
#define PEAL_B2BUA_PRIV_H

#include <peal/peal.h>
#include <peal/sip/sip.h>
#include <stdio.h>

enum { B2BUA_LISTEN_MAX = 8, B2BUA_HOPS_MAX = 16, B2BUA_URI_MAX = 256, B2BUA_LEGS_MAX = 16 };
/* Requests on their way through one call, INVITEs aside: further ones are refused. */
enum { B2BUA_RELAYS_MAX = 16 };
enum { B2BUA_EXIT_CONFIG = 2, B2BUA_EXIT_LEAK = 3 };
/* What a peer is told who is turned away because of a limit or while we drain, in seconds. */
#define B2BUA_RETRY_AFTER PEAL_STR("5")

#define B2BUA_NONE peal_str_of(NULL, 0)

enum b2bua_mode { B2BUA_THREE, B2BUA_ONE, B2BUA_POLLED };

struct next_hop {
    char text[B2BUA_URI_MAX]; /* the URI as given */
    peal_sip_uri uri;         /* views of text */
    peal_socket_addr address; /* numeric host and port of it */
    bool is_route;            /* ;lr: only the way; the Request-URI stays */
};

/* A file that was read for the options. */
struct b2bua_file {
    struct b2bua_file *next;
    char *path;
    char *text; /* ends in NUL */
    size_t bytes;
};

struct b2bua_options {
    /* The host's: reads a file, to be freed; NULL: from the disk. Gives NULL when it cannot. */
    char *(*load)(void *arg, const char *path, size_t *ret_bytes);
    void *load_arg;
    struct b2bua_file *files; /* what was read, in order */
    char record[512];         /* file to record into; "": none */
    peal_socket_addr listen[B2BUA_LISTEN_MAX];
    size_t listen_count;
    peal_socket_addr local[2]; /* told to peers when listening on a wildcard: IPv4, IPv6 */
    struct next_hop hops[B2BUA_HOPS_MAX];
    size_t hop_count;
    enum b2bua_mode mode;
    peal_port *port; /* NULL: the default one; a host may set its own */
    int trace_level;
    uint32_t max_calls;      /* 0: no limit */
    uint32_t max_mbytes;     /* what open requests may hold; 0: no limit */
    uint32_t drain_s;        /* how long calls may go on after SIGTERM */
    uint32_t linger_ms;      /* how long transactions may linger at the end */
    uint32_t t1_ms;          /* RFC 3261 T1 */
    uint32_t try_timeout_ms; /* silence before the next hop; 0: the transaction's own time */
    uint32_t setup_s;        /* limit of ringing */
    uint32_t duration_s;     /* limit of a call; 0: none */
    bool is_default;         /* started without any option */
};

/* What comes from outside the core thread: a node of its own each, so posting cannot fail. */
struct command {
    peal_msg msg;
    struct b2bua *app;
    const char *name;
    int is_posted;         /* atomic: still in the queue */
    struct command *again; /* the same once more, for when this one is in the queue; or NULL */
};

struct b2bua {
    struct b2bua_options options;
    FILE *out; /* the host's: where ready, census and the like are printed */
    void (*on_down)(struct b2bua *app); /* the host's: is_down is set; on the core thread */
    /* The host's, or NULL: all listeners have answered; on the core thread. */
    void (*on_ready)(struct b2bua *app);
    peal_sip_core_user user;
    peal_sip_dispatcher_mgr incoming;
    peal_sip_session_mgr in_mgr;
    peal_sip_session_mgr out_mgr;
    peal_sip_generic_mgr generic_mgr;
    peal_thread *core_thread;
    peal_thread *threads[3]; /* as activated: core, transport, resolver */
    size_t thread_count;
    peal_sip_core_config *core;
    peal_sip_dispatcher *dispatcher;
    peal_sip_context_template *in_kind;
    peal_sip_context_template *out_kind;
    peal_node calls;
    size_t call_count;
    uint64_t held_bytes; /* by open requests: see peal__hold() */
    peal_socket_addr bound[B2BUA_LISTEN_MAX];
    size_t bound_count; /* listeners that answered */
    struct command start, term, term_again, census;
    peal_timer drain_timer;
    unsigned stops; /* SIGTERMs seen */
    bool is_draining;
    bool is_core_stopping;
    int exit_status;
    int is_down; /* atomic: on_shut_down came */
    size_t still_held;
    peal_sip_census last; /* taken at on_shut_down */
};

/* One leg: a context with its dialog. The context is counted; the interfaces are borrowed from it.
 */
struct leg {
    struct call *call;
    struct leg *next; /* outgoing legs of the call */
    peal_sip_context *context;
    peal_sip_session *session;
    peal_sip_user_agent *agent;
    peal_sip_generic *generic;
    peal_sip_server_event_control *invite; /* the peer's (re-)INVITE, until final */
    peal_sip_client_request *request;      /* our re-INVITE, until final */
    size_t held;                           /* see peal__hold(): its INVITE */
    char tag[32]; /* outgoing: its To tag on the incoming leg; "": the first */
    uint8_t hop;
    bool is_in;
    bool is_allocated; /* else part of the call's block */
    bool is_abandoned; /* given up for the next hop: nothing of it is relayed */
    bool asks_offer;   /* our re-INVITE has no body: the offer comes in its 2xx */
    bool owes_ack;     /* a 2xx of ours waits for the other side's ACK */
    bool is_ending;    /* BYE or CANCEL is on its way */
};

enum call_phase { CALL_TRYING, CALL_SETUP, CALL_UP, CALL_OVER };

/* One bridged call: one block from the core thread's pool. */
struct call {
    peal_node node;
    struct b2bua *app;
    struct leg in;
    struct leg out;   /* the first outgoing leg; forks and further hops are allocated */
    struct leg *legs; /* living outgoing legs */
    struct leg *peer; /* the outgoing leg that was answered */
    peal_node relays;
    size_t relay_count;
    peal_sip_client_request *request; /* the INVITE of the present hop, until final */
    peal_timer timer;                 /* silence of the hop, then ringing, then duration */
    uint8_t hop;
    uint8_t phase;
    uint8_t depth; /* callbacks running: the block stays */
    bool was_invited;
    bool has_rung; /* an early dialog was shown to the caller */
};

/* options.c */
peal_result peal__options_read(struct b2bua_options *options, int argc, char **argv, int *ret_exit);
void peal__options_free(struct b2bua_options *options);
/* Says one line "peal-b2bua: …" on standard error. */
void peal__complain(const char *format, ...) PEAL_PRINTF(1, 2);

/* stack.c */
/* Makes threads and stack; listening starts on the core thread. */
peal_result peal__stack_start(struct b2bua *app);
/* Frees all of it, after on_shut_down or a failed start. The threads are still running. */
void peal__stack_free(struct b2bua *app);
/* The last call is over. */
void peal__stack_drained(struct b2bua *app);
/* Posts a command, unless it is in the queue already as often as it can be. One thread. */
void peal__command_post(struct command *command);

/* census.c */
/* Nothing of any call is alive. Core thread. */
bool peal__census_is_quiet(struct b2bua *app);
void peal__census_print(struct b2bua *app);
/* After finalising; gives false when anything is left. */
bool peal__census_print_last(const struct b2bua *app);

/* b2bua_call.c */
struct call *peal__call_new(struct b2bua *app);
void peal__call_enter(struct call *call);
void peal__call_leave(struct call *call);
struct leg *peal__call_other(struct leg *leg, peal_sip_packet *packet);
void peal__call_end(struct call *call, unsigned status);
void peal__call_timer(struct call *call, enum call_phase phase, uint64_t delay_ms);
void peal__call_leg_gone(struct call *call, bool was_in, bool was_peer);
peal_result peal__leg_open(struct leg *leg, peal_sip_context_template *kind);
struct leg *peal__leg_new_out(struct call *call);
void peal__leg_close(struct leg *leg);
void peal__leg_hang_up(struct leg *leg, peal_sip_packet *cause);
struct leg *peal__leg_of(peal_sip_session *session);
void peal__leg_refuse(struct leg *leg, unsigned status);
void peal__refuse(peal_sip_server_event_control *control, unsigned status, peal_sip_header_id id,
                  peal_str value);
bool peal__has_room(const struct b2bua *app, const peal_sip_packet *request);
bool peal__hold(struct b2bua *app, const peal_sip_packet *request, size_t *held);
void peal__let_go(struct b2bua *app, size_t *held);
void peal__leg_respond(struct leg *leg, peal_sip_packet *response, const char *tag);

/* leg_in.c, leg_out.c, reinvite.c */
extern const peal_sip_session_mgr_vt peal__leg_in_vt;
extern const peal_sip_session_mgr_vt peal__leg_out_vt;
peal_result peal__leg_out_start(struct call *call);
unsigned peal__target_refusal(struct b2bua *app, peal_sip_packet *request);
void peal__on_reinvited(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_server_event_control *control, peal_sip_packet *invite);
void peal__on_reinvite_success(struct leg *leg, peal_sip_packet *response);
void peal__on_reinvite_failure(struct leg *leg, peal_sip_packet *response);
void peal__on_cancelled(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_server_event_control *control, peal_sip_packet *cancel);
void peal__on_acknowledged(peal_sip_session_mgr *self, peal_sip_session *session,
                           peal_sip_packet *ack);
void peal__on_bye(peal_sip_session_mgr *self, peal_sip_session *session,
                  peal_sip_server_event_control *control, peal_sip_packet *bye);
void peal__on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                    peal_sip_session_end why);

/* failover.c */
bool peal__failover_is_wanted(const struct call *call, peal_result local, unsigned status);
void peal__failover_give_up(struct call *call);
void peal__failover_next(struct call *call);
void peal__failover_on_silence(struct call *call);

/* relay.c */
extern const peal_sip_generic_mgr_vt peal__generic_vt;
void peal__relay_leg_gone(struct leg *leg);

/* header_pass.c */
/* Options and methods that this B2BUA lets cross, as Supported and Allow values. */
#define B2BUA_SUPPORTED "early-session, sdp-anat"
#define B2BUA_ALLOW "INVITE, ACK, BYE, CANCEL, OPTIONS"
#define B2BUA_ALLOW_IN_DIALOG B2BUA_ALLOW ", INFO, MESSAGE, NOTIFY, REFER"
peal_result peal__headers_pass(peal_sip_packet *to, peal_sip_packet *from);
/* Max-Forwards of a relayed request: one less. PEAL_E_LIMIT when it was 0, PEAL_E_SIP_HEADER when
 * it is malformed. */
peal_result peal__headers_count_down(peal_sip_packet *to, peal_sip_packet *from);
/* What a request is refused with that could not be relayed. */
unsigned peal__headers_status_of(peal_result why);
/* The values of all Reason lines as one, in the packet's memory; absent if none. */
peal_str peal__headers_reason(peal_sip_packet *packet);
peal_result peal__headers_join(peal_sip_packet *packet, const peal_str *parts, size_t count,
                               peal_str *ret);
bool peal__text_has_token(peal_str list, peal_str token);

#endif
