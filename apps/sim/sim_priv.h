/* SPDX-License-Identifier: MIT */
/* peal-sim: random networks of SIP user agents and B2BUAs on a virtual clock, with random calls and
 * random faults, watched by invariants. A run is a row of worlds; each world plays one scenario,
 * drawn from a seed, and nothing in it depends on anything else. One system thread. */
#ifndef PEAL_SIM_PRIV_H
#define PEAL_SIM_PRIV_H

#include <peal/peal.h>
#include <peal/sim.h>
#include <peal/sip/sip.h>
#include <stdio.h>

#define NONE peal_str_of(NULL, 0)

/* ---- the scenario: what shall happen, all of it numbers ---- */

enum { HOSTS_MAX = 20, SIM_PORT = 5060 };
/* A next hop that is no host: nobody has this address. */
enum { HOP_NONE = 0, HOP_DEAD = 250 };

enum host_kind { HOST_UA, HOST_B2BUA, HOST_RUDE };

struct scenario_host {
    uint32_t kind;
    uint32_t threads; /* 1 or 3 */
    uint32_t hop;     /* B2BUA: number of the next B2BUA, HOP_DEAD, or HOP_NONE: by Request-URI */
    uint32_t second;  /* B2BUA: next hop after that one failed */
};

/* One call. Times in ms: `at` from the start, callee's ring and answer from the INVITE's coming,
 * `cancel`, `clear` from the INVITE's leaving, the others from where the call is up. 0: never. */
struct scenario_call {
    uint32_t number;
    uint32_t at;
    uint32_t from, to; /* hosts */
    uint32_t via;      /* first B2BUA, 0: none */
    uint32_t ring, ring_code;
    uint32_t ring2, ring2_code;
    uint32_t answer, answer_code;
    uint32_t cancel;
    uint32_t ack;       /* the caller waits so long before its ACK */
    uint32_t no_ack;    /* it never acknowledges */
    uint32_t forks;     /* the caller takes forked dialogs */
    uint32_t bye, bye2; /* 2: the callee's */
    uint32_t reinvite, reinvite2;
    uint32_t reanswer, reanswer_code;
    uint32_t info, info2;
    uint32_t clear, clear2;
    uint32_t rude; /* how a rude host takes its part */
};

enum fault_kind {
    FAULT_LOSS,       /* amount percent */
    FAULT_DUPLICATE,  /* amount percent */
    FAULT_REORDER,    /* amount ms of jitter */
    FAULT_CORRUPT,    /* amount percent */
    FAULT_PARTITION,  /* hosts up to a on one side, the others on the other */
    FAULT_PAUSE,      /* host a stands still */
    FAULT_KILL,       /* host a dies and is started again */
    FAULT_SEND_ERROR, /* sending to host a fails at once */
    FAULT_BLOCK,      /* amount percent of sends would block */
    FAULT_STALL,      /* amount percent of turns are held back: threads meet in other orders */
    FAULT_KINDS
};
/* Only in a list of faults: rude hosts are drawn. */
enum { FAULTS_RUDE = FAULT_KINDS, FAULTS_ALL = (1 << (FAULT_KINDS + 1)) - 1 };

struct scenario_fault {
    uint32_t kind;
    uint32_t at, ms; /* from when, how long */
    uint32_t a;
    uint32_t amount;
};

struct scenario {
    uint64_t seed; /* of everything that is drawn while it runs */
    uint32_t delay_us;
    size_t host_count, call_count, fault_count;
    struct scenario_host hosts[HOSTS_MAX + 1]; /* numbered from 1 */
    struct scenario_call *calls;
    struct scenario_fault *faults;
};

struct scenario_wish {
    uint64_t seed;
    uint32_t calls;
    uint32_t hosts;  /* 0: drawn */
    int loss;        /* percent; below 0: drawn from 0..30 */
    uint32_t faults; /* 1 << enum fault_kind */
};

struct draw {
    uint64_t state;
};
uint64_t peal__draw(struct draw *draw);
uint32_t peal__draw_below(struct draw *draw, uint32_t below);

struct scenario *peal__scenario_draw(const struct scenario_wish *wish);
struct scenario *peal__scenario_copy(const struct scenario *scenario);
void peal__scenario_free(struct scenario *scenario);
bool peal__scenario_write(const struct scenario *scenario, FILE *to);
/* NULL and one line on standard error when it is no scenario. */
struct scenario *peal__scenario_read(const char *path);
const char *peal__fault_name(unsigned kind);
/* A kind, FAULT_KINDS for "rude", or -1. */
int peal__fault_find(peal_str name);

/* ---- a world ---- */

struct world;
struct host;
struct ladder;

/* What became of one call. */
struct call_fate {
    const struct scenario_call *plan;
    uint32_t successes, failures; /* of the INVITE at the caller */
    bool is_started;
    bool is_let_off; /* a fault hit its caller, or its application let go */
    bool is_tainted; /* a corrupted message of it came through */
    bool has_won;    /* one of the caller's dialogs is the call */
};

struct failure {
    char name[32]; /* "": none */
    char text[256];
    uint64_t at_ms;
    uint32_t call; /* 0: none in particular */
};

struct host {
    struct world *world;
    uint32_t number;
    uint32_t kind;
    peal_socket_addr address;
    char text[24]; /* its address */
    peal_sim_host *machine;
    struct ua *ua;
    struct ua_leg *buried; /* legs of former lives */
    struct rude *rude;
    struct bridge *bridge;
    uint32_t life; /* how many times it was started */
    bool is_up;
    bool is_cut;                     /* nothing goes in or out: dead or dying */
    uint64_t paused_ms;              /* when it was stopped; 0: it runs */
    uint64_t stopped_ms, resumed_ms; /* the last time */
    uint64_t pauses_ms;              /* how long it stood still in all */
    uint64_t active_ms;              /* last datagram or event */
    size_t blocks;                   /* of its core thread's pool before the first call */
    bool has_blocks;                 /* they are known */
};

struct world {
    const struct scenario *scenario;
    peal_sim *sim;
    struct host hosts[HOSTS_MAX + 1];
    struct call_fate *fates; /* by number */
    size_t fate_count;
    uint64_t corrupt[64]; /* numbers of the last datagrams that were changed on their way */
    size_t corrupt_count;
    struct rules *rules;
    struct wire *wire;
    struct ladder *ladder; /* NULL: not drawn */
    uint64_t hash;         /* of every event */
    uint64_t datagrams;
    uint64_t end_ms; /* when it ended */
    struct failure failure;
};

struct world_result {
    uint64_t hash;
    uint64_t virtual_ms;
    uint64_t datagrams;
    struct failure failure;
};

/* Plays a scenario. After a failure the world is left as it is: the process is to end. @p ladder,
 * which may be NULL, gets all messages. */
void peal__world_play(const struct scenario *scenario, struct world_result *ret,
                      struct ladder *ladder);
uint64_t peal__world_now(const struct world *world);
void peal__world_hash(struct world *world, const void *bytes, size_t count);
/* An application event: into hash and ladder. */
void peal__world_event(struct host *host, uint32_t call, const char *what, uint32_t number);
struct call_fate *peal__world_fate(struct world *world, uint32_t call);
struct host *peal__world_host_at(struct world *world, const peal_socket_addr *address);

/* ---- the hosts ---- */

peal_result peal__host_start(struct host *host);
/* Ends it at once; nothing of it goes out any more. */
void peal__host_kill(struct host *host);
/* What is alive of calls in its stack; false: it has none. */
bool peal__host_census(const struct host *host, peal_sip_census *ret);

peal_result peal__ua_start(struct host *host);
void peal__ua_shut_down(struct host *host);
bool peal__ua_is_down(const struct host *host);
void peal__ua_free(struct host *host);
/* Frees the legs of all lives. */
void peal__ua_forget(struct host *host);
void peal__ua_call(struct host *host, const struct scenario_call *plan);
size_t peal__ua_legs(const struct host *host);
peal_sip_core_config *peal__ua_core(const struct host *host);

peal_result peal__bridge_start(struct host *host);
void peal__bridge_shut_down(struct host *host);
bool peal__bridge_is_down(const struct host *host);
void peal__bridge_free(struct host *host);
size_t peal__bridge_calls(const struct host *host);
peal_sip_core_config *peal__bridge_core(const struct host *host);
/* Looks at all its calls: legs agree, or will in time. */
void peal__bridge_check(struct host *host);

peal_result peal__rude_start(struct host *host);
void peal__rude_free(struct host *host);
void peal__rude_call(struct host *host, const struct scenario_call *plan);
size_t peal__rude_legs(const struct host *host);

/* ---- what must hold ---- */

enum {
    T1_MS = 500,
    T2_MS = 4000,
    T4_MS = 5000,
    T64_MS = 64 * T1_MS,
    MARGIN_MS = 150,            /* how late a turn may be */
    QUIET_MS = T64_MS + 4000,   /* after the last datagram nothing of a call is left */
    GUARD_MS = 150000,          /* then an application ends its call */
    BRIDGE_S = 200,             /* then a B2BUA ends its call */
    BRIDGE_SETUP_S = 60,        /* or gives up setting it up */
    DOWN_MS = 2 * T64_MS + 5000 /* from the wish to end until the end */
};

/* A duty: looked at when it is due. The check gives the time to look again, 0: done with. */
struct duty {
    uint64_t due_ms;
    uint64_t order;
    uint64_t (*check)(struct world *world, void *about);
    void *about;
};

/* Notes the first failure; the world stops. */
void peal__rule_broken(struct world *world, const char *name, uint32_t call, const char *format,
                       ...) PEAL_PRINTF(4, 5);
bool peal__rules_init(struct world *world);
void peal__rules_fini(struct world *world);
void peal__rules_watch(struct world *world, uint64_t due_ms,
                       uint64_t (*check)(struct world *world, void *about), void *about);
/* When the next duty is due; UINT64_MAX: never. */
uint64_t peal__rules_next(const struct world *world);
/* Looks at all that is due. */
void peal__rules_run(struct world *world);
/* A host has something to do, or just had. */
void peal__host_active(struct host *host);

bool peal__wire_init(struct world *world);
void peal__wire_fini(struct world *world);
/* A datagram leaves, is lost, could not be sent or came back, arrives. */
void peal__wire_sent(struct world *world, struct host *from, struct host *to, uint64_t number,
                     peal_str bytes);
void peal__wire_lost(struct world *world, struct host *from, struct host *to, peal_str bytes);
void peal__wire_failed(struct world *world, struct host *from, struct host *to, peal_str bytes);
void peal__wire_arrived(struct world *world, struct host *from, struct host *to, peal_str bytes);
/* Bits of it were turned: its call is not judged by the wire any more. */
void peal__wire_taint(struct world *world, uint64_t number, peal_str bytes);

/* ---- the ladder ---- */

struct ladder *peal__ladder_new(void);
void peal__ladder_free(struct ladder *ladder);
/* @p mark: '>' sent, 'x' lost, '!' failed, '=' come, '.' an event of the application. */
void peal__ladder_add(struct ladder *ladder, uint64_t at_ms, uint32_t from, uint32_t to, char mark,
                      uint32_t call, const char *text);
void peal__ladder_print(const struct ladder *ladder, const struct scenario *scenario, uint32_t call,
                        FILE *to);

/* ---- the program ---- */

struct sim_options {
    struct scenario_wish wish;
    const char *scenario; /* file to play instead */
    const char *keep;     /* directory for failed scenarios */
    bool shrink;
    bool has_seed;
};

enum { EXIT_BROKEN = 1, EXIT_USAGE = 2 };

/* PEAL_OK to go on; else *ret_exit is the status to end with. */
peal_result peal__sim_options_read(struct sim_options *options, int argc, char **argv,
                                   int *ret_exit);
void peal__sim_complain(const char *format, ...) PEAL_PRINTF(1, 2);
/* Plays one scenario in a process of its own. With @p ladder the messages of the call that broke a
 * rule, or the last of all, are printed to it. */
void peal__sim_try(const struct scenario *scenario, struct world_result *ret, FILE *ladder);
/* The smallest scenario found that breaks the same rule; @p scenario is freed. */
struct scenario *peal__shrink(struct scenario *scenario, const char *rule);

#endif
