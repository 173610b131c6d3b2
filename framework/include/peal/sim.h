/* SPDX-License-Identifier: MIT */
/** @file
 * The simulated port: a network of hosts in one process, on a virtual clock, driven by a seed. The
 * same seed and the same calls give the same run, event by event and byte by byte.
 *
 * A world has hosts; a host has addresses, a clock and a port. What is made on a host's port
 * (servicing threads, sockets) lives on that host, as on a machine of its own. peal_sim_run() gives
 * all servicing threads of all hosts their turns, in an order drawn from the seed, and jumps the
 * clock to the next deadline or arrival when nobody has anything to do. Links delay, lose,
 * duplicate, reorder and corrupt; hosts are cut off, paused and killed.
 *
 * There is a default host that takes every address no other host has: small tests need no other.
 * Everything here belongs to the system thread that runs the world. */
#ifndef PEAL_SIM_H
#define PEAL_SIM_H

#include <peal/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A simulated world. */
typedef struct peal_sim peal_sim;
/** A machine in it. It lives as long as its world. */
typedef struct peal_sim_host peal_sim_host;

/** What a link does with datagrams that are larger than its MTU. */
typedef enum peal_sim_mtu {
    PEAL_SIM_MTU_DROP = 0, /**< they vanish: a black hole */
    PEAL_SIM_MTU_REFUSE,   /**< sending gives PEAL_E_TOO_BIG at once */
    PEAL_SIM_MTU_ICMP      /**< PEAL_E_TOO_BIG comes back to the sender's error queue */
} peal_sim_mtu;

/** What happens to each datagram on its way. Percentages are 0..100. */
typedef struct peal_sim_link {
    size_t size;              /**< sizeof(peal_sim_link) */
    uint32_t delay_us;        /**< least delay */
    uint32_t jitter_us;       /**< added, uniform: reorders */
    double loss_percent;      /**< silently dropped */
    double duplicate_percent; /**< delivered twice, each with a delay of its own */
    double block_percent;     /**< sends that first give PEAL_E_WOULD_BLOCK */
    double reorder_percent;   /**< held back by reorder_us, so that later ones overtake */
    double corrupt_percent;   /**< one to four of its bits are turned */
    uint32_t reorder_us;      /**< how long those are held back; 0: 20 ms */
    uint32_t block_us;        /**< how long a sender stays blocked; 0: until its next turn */
    uint32_t mtu_bytes;       /**< largest IP packet (headers are 28 bytes, 48 with IPv6); 0: any */
    peal_sim_mtu mtu;         /**< what becomes of a larger one */
} peal_sim_link;

/** What a filter decides about a datagram. */
enum { PEAL_SIM_PASS = 0, PEAL_SIM_DROP = 1 };
/** Sees every datagram when it is sent, in order; may drop it. */
typedef int peal_sim_filter(void *arg, const peal_socket_addr *from, const peal_socket_addr *to,
                            peal_str bytes);

/** Makes a simulated world with its default host. The virtual clock starts at 1 s.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_new(uint64_t seed, peal_sim **ret);
/** Ends it; all loops must be closed. NULL allowed. */
PEAL_API void peal_sim_free(peal_sim *sim);
/** The port of the default host. */
PEAL_API peal_port *peal_sim_port(peal_sim *sim);
/** The seed it was made with. */
PEAL_API uint64_t peal_sim_seed(const peal_sim *sim);

/* ---- running ---- */

/** Virtual milliseconds since the clock's start. */
PEAL_API uint64_t peal_sim_now_ms(const peal_sim *sim);
/** Virtual microseconds since the clock's start. */
PEAL_API uint64_t peal_sim_now_us(const peal_sim *sim);
/** Runs all servicing threads of this world, in an order drawn from the seed, jumping the clock
 * to the next deadline or arrival whenever nothing is runnable, until @p virtual_ms have passed or
 * @p done (may be NULL) says true, which is asked before each turn and each jump of the clock.
 * @return PEAL_OK when done or the time is over, PEAL_I_END when nothing is left to happen,
 * PEAL_E_REENTERED from inside the world */
PEAL_API peal_result peal_sim_run(peal_sim *sim, uint64_t virtual_ms, bool (*done)(void *arg),
                                  void *arg);
/** Ends the present peal_sim_run() after the present event, as if it were done. An observer that
 * has found a fault stops the world with it. */
PEAL_API void peal_sim_stop(peal_sim *sim);
/** The next number of the world's random source for whoever sets the scene. Drawing here does not
 * change what the network, the scheduler or a host draws. */
PEAL_API uint64_t peal_sim_random(peal_sim *sim);

/** How the scheduler treats servicing threads, beyond drawing who is next. */
typedef struct peal_sim_schedule {
    size_t size;          /**< sizeof(peal_sim_schedule) */
    double stall_percent; /**< how often one that is about to have its turn is held back */
    uint32_t stall_us;    /**< for how long at most, while the clock goes on; 0: 1 ms */
} peal_sim_schedule;
/** Sets it; nobody is held back in a new world. Holding back shows orders of messages and timers
 * that turns drawn at one instant cannot. */
PEAL_API void peal_sim_set_schedule(peal_sim *sim, const peal_sim_schedule *schedule);

/** What peal_sim_at() calls, outside of any servicing thread's turn. */
typedef void peal_sim_action(void *arg);
/** Calls @p action when the world's clock is at @p at_us (as peal_sim_now_us(); the past: as soon
 * as the world runs): for faults that come at their time. It may change the world and ask for
 * further calls. @p arg must live until then.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_at(peal_sim *sim, uint64_t at_us, peal_sim_action *action, void *arg);

/* ---- hosts ---- */

/** Adds a host. @param name for traces and ladders, copied; NULL: "host" and its number
 * @param addresses its addresses as text with blanks between ("10.0.0.1 2001:db8::1"), each of
 * which no other host may have; "" or NULL: none yet
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_SYNTAX, PEAL_E_EXISTS */
PEAL_API peal_result peal_sim_host_new(peal_sim *sim, const char *name, const char *addresses,
                                       peal_sim_host **ret);
/** Gives it one more address (its port does not matter).
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_EXISTS when a host has it */
PEAL_API peal_result peal_sim_host_add_address(peal_sim_host *host,
                                               const peal_socket_addr *address);
/** Moves its clocks against the world's: the monotonic one by @p monotonic_us, the wall clock by
 * @p wall_us. The wall clock may be moved at any time, the monotonic one before anything is made on
 * the host's port. @return PEAL_OK, PEAL_E_STATE */
PEAL_API peal_result peal_sim_host_set_clock(peal_sim_host *host, uint64_t monotonic_us,
                                             int64_t wall_us);
/** The port of this host: hand it to peal_thread_new(). Its random numbers are a stream of its own,
 * derived from the seed and the host's number. */
PEAL_API peal_port *peal_sim_host_port(peal_sim_host *host);
/** Its name. */
PEAL_API const char *peal_sim_host_name(const peal_sim_host *host);
/** Its number, in the order of making; the default host is 0. */
PEAL_API unsigned peal_sim_host_number(const peal_sim_host *host);
/** The n-th of its addresses (port 0), from 0. @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sim_host_address(const peal_sim_host *host, size_t n,
                                           peal_socket_addr *ret);
/** The default host. */
PEAL_API peal_sim_host *peal_sim_default_host(peal_sim *sim);
/** The host with this number; NULL when there is none. */
PEAL_API peal_sim_host *peal_sim_host_at(peal_sim *sim, unsigned number);
/** The host that has this address; NULL: nobody. */
PEAL_API peal_sim_host *peal_sim_host_of(peal_sim *sim, const peal_socket_addr *address);

/* ---- the network ---- */

/** Sets the link between all hosts that have none of their own. */
PEAL_API void peal_sim_set_link(peal_sim *sim, const peal_sim_link *link);
/** Sets the link of one direction. NULL for a host: any. What is said for a pair goes before what
 * is said for the sender, and that before what is said for the receiver. @p link NULL: takes it
 * back. What a host sends to itself passes no link but one that was set for that pair; only the
 * default host, which may stand for many, passes its own traffic over the general link.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_set_link_between(peal_sim *sim, peal_sim_host *from,
                                               peal_sim_host *to, const peal_sim_link *link);
/** Sets a filter; NULL takes it away. */
PEAL_API void peal_sim_set_filter(peal_sim *sim, peal_sim_filter *filter, void *arg);
/** Makes sending to @p to (port 0: any port) fail with @p result at once, for all senders; PEAL_OK
 * heals. PEAL_E_WOULD_BLOCK blocks the sender again and again, each time for 1 ms.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_set_send_error(peal_sim *sim, const peal_socket_addr *to,
                                             peal_result result);
/** The same for one sender. */
PEAL_API peal_result peal_sim_host_set_send_error(peal_sim_host *host, const peal_socket_addr *to,
                                                  peal_result result);
/** Makes every datagram to @p to (port 0: any port) turn round as an ICMP error that reaches the
 * sender's error queue as @p result (PEAL_E_UNREACHABLE …); PEAL_OK heals.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_set_icmp_error(peal_sim *sim, const peal_socket_addr *to,
                                             peal_result result);
/** Puts a host into a group (all begin in 0). Datagrams pass between hosts of one group only; those
 * on their way from another one vanish when they would arrive. */
PEAL_API void peal_sim_host_set_group(peal_sim_host *host, unsigned group);
/** Heals every partition: all hosts are in group 0 again. */
PEAL_API void peal_sim_heal(peal_sim *sim);

/* ---- names ---- */

/** Types of records, by their DNS numbers; others will do too. */
enum {
    PEAL_SIM_DNS_A = 1,
    PEAL_SIM_DNS_AAAA = 28,
    PEAL_SIM_DNS_SRV = 33,
    PEAL_SIM_DNS_NAPTR = 35
};

/** Adds a record to the world's DNS zone, after those it has of this name and type.
 * @param name compared without case @param data its data as zone files write it ("10.0.0.1",
 * "10 5 5060 sip1.example.com"); both are copied
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_zone_add(peal_sim *sim, const char *name, unsigned type,
                                       uint32_t ttl_s, const char *data);
/** Takes all records of a name and type away, and how it answers. */
PEAL_API void peal_sim_zone_remove(peal_sim *sim, const char *name, unsigned type);
/** How questions for this name and type are answered: after @p delay_us, with its records or, when
 * @p result is an error, with that (a server failure, a time-out).
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_zone_set_answer(peal_sim *sim, const char *name, unsigned type,
                                              uint32_t delay_us, peal_result result);
/** An answer. Called outside of any servicing thread's turn: post a message to yours. @param result
 * PEAL_OK; PEAL_E_NOT_FOUND without records of this type; or what was set @param records their data
 * in the order of adding, borrowed for the call @param ttl_s the least of theirs */
typedef void peal_sim_answer(void *arg, peal_result result, const peal_str *records, size_t count,
                             uint32_t ttl_s);
/** Asks the zone on behalf of a host; the answer comes while the world runs. The zone is no host:
 * links and partitions don't touch it. @p arg must live until the answer.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_zone_ask(peal_sim_host *host, const char *name, unsigned type,
                                       peal_sim_answer *answer, void *arg);

/* ---- hosts that fail ---- */

/** Pauses a host as SIGSTOP does: nothing on it gets a turn, datagrams wait in its sockets' buffers
 * (or vanish at once, with @p drop), its clock goes on. */
PEAL_API void peal_sim_host_pause(peal_sim_host *host, bool drop);
/** Lets it go on: what is overdue comes now. */
PEAL_API void peal_sim_host_resume(peal_sim_host *host);
/** Kills all that runs on the host as SIGKILL does, as the network sees it: its sockets vanish, and
 * what is sent to them comes back refused. Nothing it sends from here on leaves it.
 *
 * Its servicing threads go on getting turns, deaf and mute, because this process has to take them
 * apart in order to get their memory back. Threads made on its port after this are the host started
 * anew, and may bind the same addresses at once. */
PEAL_API void peal_sim_host_kill(peal_sim_host *host);

/* ---- what happens ---- */

/** Kinds of events. */
typedef enum peal_sim_event_kind {
    PEAL_SIM_CLOCK,      /**< the clock has jumped */
    PEAL_SIM_TURN,       /**< a servicing thread has had a turn */
    PEAL_SIM_SENT,       /**< a datagram was sent */
    PEAL_SIM_DUPLICATED, /**< a second copy of it is on its way */
    PEAL_SIM_CORRUPTED,  /**< its bytes were changed; those given are the new ones */
    PEAL_SIM_LOST,       /**< it is gone: lost, filtered, cut off, too big, buffer full */
    PEAL_SIM_ARRIVED,    /**< it is in the receiver's buffer */
    PEAL_SIM_RETURNED,   /**< an ICMP error for it is in the sender's error queue */
    PEAL_SIM_SEND_FAILED, /**< sending gave an error, or blocked */
    PEAL_SIM_FAULT,      /**< somebody paused, resumed, killed, cut off or healed */
    PEAL_SIM_RESOLVED    /**< the zone has answered a host; the bytes are the name asked for */
} peal_sim_event_kind;

/** Something that has happened. All pointers are borrowed for the call. */
typedef struct peal_sim_event {
    size_t size;              /**< sizeof(peal_sim_event) */
    peal_sim_event_kind kind; /**< what */
    uint64_t now_us;          /**< when, as peal_sim_now_us() */
    peal_sim_host *host;      /**< where; NULL for CLOCK and for LOST outside of any host */
    unsigned thread;          /**< TURN: number of the servicing thread within its host */
    uint64_t work;            /**< TURN: messages and timers it has run, ever */
    uint64_t number;          /**< of the datagram, in the order of sending; copies have the same */
    const peal_socket_addr *from; /**< of the datagram; else NULL */
    const peal_socket_addr *to;   /**< of the datagram; else NULL */
    peal_str bytes;               /**< of the datagram; RESOLVED: the name */
    peal_result result;           /**< RETURNED, SEND_FAILED: the error; RESOLVED: the answer's */
    const char *what;             /**< FAULT, LOST: a word for it; else "" */
} peal_sim_event;

/** Hears of every event, after it, outside of any servicing thread's turn for CLOCK, TURN, ARRIVED,
 * RETURNED, FAULT and RESOLVED. It may look at everything and call peal_sim_stop(), but change
 * nothing. */
typedef void peal_sim_observer(void *arg, const peal_sim_event *event);
/** Adds an observer; they are called in the order of adding. @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sim_add_observer(peal_sim *sim, peal_sim_observer *observer, void *arg);
/** Takes it away; nothing happens when there is none such. */
PEAL_API void peal_sim_remove_observer(peal_sim *sim, peal_sim_observer *observer, void *arg);
/** A hash of every event so far, with all its bytes: two runs with the same hash were the same. */
PEAL_API uint64_t peal_sim_trace_hash(const peal_sim *sim);

/** What has happened so far. */
typedef struct peal_sim_stats {
    size_t size;         /**< sizeof(peal_sim_stats), set by the caller */
    uint64_t events;     /**< all */
    uint64_t turns;      /**< of servicing threads */
    uint64_t jumps;      /**< of the clock */
    uint64_t sent;       /**< datagrams, copies not counted */
    uint64_t arrived;    /**< in a receiver's buffer */
    uint64_t lost;       /**< for whatever reason */
    uint64_t duplicated; /**< copies */
    uint64_t corrupted;  /**< changed on the way */
    uint64_t reordered;  /**< held back on purpose */
    uint64_t returned;   /**< errors that came back */
    uint64_t failed;     /**< sends that failed or blocked */
    size_t on_way;       /**< datagrams on their way now */
    size_t threads;      /**< servicing threads now */
} peal_sim_stats;
/** Fills @p ret, as far as its size says. */
PEAL_API void peal_sim_get_stats(const peal_sim *sim, peal_sim_stats *ret);

#ifdef __cplusplus
}
#endif
#endif
