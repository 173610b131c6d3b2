/* SPDX-License-Identifier: MIT */
/** @file
 * Recording and replay. A recording is a port around a real one: whatever a servicing thread is
 * told by it (datagrams, clocks, random bytes, results), the order in which it takes in what other
 * threads post, and all that it sends go into a file. A replay is a port that tells the same again,
 * on one system thread, and compares what is sent, byte by byte. So a failure that happened once in
 * production happens as often as wanted on a desk.
 *
 * A program needs nothing for it but to give this port to its servicing threads, to initialise Peal
 * with peal_init_with(), and to note what comes from outside of Peal (signals, commands, files
 * read) with peal_port_note(). Such input must reach servicing threads by messages. What Peal
 * cannot see must not decide anything: other clocks, other randomness, addresses in memory.
 *
 * A recording holds secrets: whole messages, keys, random numbers. Its file is readable by its
 * owner only. */
#ifndef PEAL_RECORD_H
#define PEAL_RECORD_H

#include <peal/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A run that is being recorded. */
typedef struct peal_recording peal_recording;
/** A run that is being repeated. */
typedef struct peal_replay peal_replay;

/** Starts a recording. A file of this name is kept as `<path>.old`. What was recorded stands in the
 * file at once, so it outlives a crash of the process.
 * @param path the file, made with mode 0600
 * @param port what to record, a real one; NULL: peal_port_default()
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_PERMISSION, PEAL_E_NOT_FOUND (no such folder),
 * PEAL_E_ARGUMENT (not a regular file, or a simulated, recording or replaying port), PEAL_E_OS (no
 * room, say). @thread any */
PEAL_API peal_result peal_recording_new(const char *path, peal_port *port, peal_recording **ret);
/** The port to use instead of the real one. */
PEAL_API peal_port *peal_recording_port(peal_recording *recording);
/** PEAL_OK, or why nothing is recorded any more: the disk is full, say. The run goes on
 * unharmed; the reason is traced once; what stands in the file can be replayed. @thread any */
PEAL_API peal_result peal_recording_result(const peal_recording *recording);
/** Ends it. All servicing threads on its port must be gone. NULL allowed.
 * @return as peal_recording_result() */
PEAL_API peal_result peal_recording_free(peal_recording *recording);

/** Notes what happened outside of Peal: on a recording port it is written down, on a replaying
 * port compared with what was, on others nothing happens. @param kind a word, as "signal"
 * @param text what about it; at most 1 MiB. @thread any, but in a replay the one that runs it */
PEAL_API void peal_port_note(peal_port *port, const char *kind, peal_str text);

/** Why a file cannot be replayed. */
typedef struct peal_replay_fault {
    size_t size;        /**< sizeof(peal_replay_fault) */
    uint64_t offset;    /**< in the file */
    const char *reason; /**< a static sentence; NULL: it cannot be read at all */
} peal_replay_fault;

/** Opens a recording and checks it. A file that was cut at its end, as by a crash, is good up to
 * there. @param[out] ret_fault what is wrong, may be NULL
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_NOT_FOUND, PEAL_E_PERMISSION, PEAL_E_OS, PEAL_E_SYNTAX
 * (then *ret_fault tells more) */
PEAL_API peal_result peal_replay_open(const char *path, peal_replay **ret,
                                      peal_replay_fault *ret_fault);
/** The port that repeats. Servicing threads on it are run by peal_replay_next_note(), by joining
 * them and by peal_thread_activate_for(), all on the calling system thread. */
PEAL_API peal_port *peal_replay_port(peal_replay *replay);
/** Runs all servicing threads as far as the recording goes without further doings from outside, and
 * tells what was noted next. The program does the same again, and notes it again by
 * peal_port_note(); or the caller takes it with peal_replay_take_note(). The views live until the
 * next call for this replay.
 * @return PEAL_OK, PEAL_I_END when there is nothing more: cut, stopped, different, or over */
PEAL_API peal_result peal_replay_next_note(peal_replay *replay, peal_str *ret_kind,
                                           peal_str *ret_text);
/** Takes the note that peal_replay_next_note() told, without comparing. */
PEAL_API void peal_replay_take_note(peal_replay *replay);
/** Stops after so many events; 0: never. */
PEAL_API void peal_replay_set_limit(peal_replay *replay, uint64_t events);

/** One event of the run, as it is repeated. Views live during the call. */
typedef struct peal_replay_event {
    size_t size;            /**< sizeof(peal_replay_event) */
    uint64_t number;        /**< from 1, in the order of the replay, the same each time */
    const char *thread;     /**< name of the servicing thread, or "outside" */
    const char *what;       /**< kind of event: "received", "sent", "clock", "messages" … */
    uint64_t time_ns;       /**< the latest clock reading of that thread */
    peal_socket_addr peer;  /**< of a datagram */
    peal_socket_addr local; /**< of a datagram, as far as known */
    peal_str bytes;         /**< the datagram, or other bytes */
    peal_str text;          /**< all of it but the bytes, in one line */
} peal_replay_event;
/** Sees each event. Must not call the replay. */
typedef void peal_replay_observer(void *arg, const peal_replay_event *event);
/** Sets who sees each event; NULL: nobody. */
PEAL_API void peal_replay_set_observer(peal_replay *replay, peal_replay_observer *observer,
                                       void *arg);

/** How a replay stands. */
typedef enum peal_replay_state {
    PEAL_REPLAY_RUNNING,   /**< so far identical */
    PEAL_REPLAY_IDENTICAL, /**< all of the recording was repeated */
    PEAL_REPLAY_CUT,       /**< identical up to where the recording breaks off */
    PEAL_REPLAY_STOPPED,   /**< identical up to the limit that was set */
    PEAL_REPLAY_DIFFERENT, /**< something else happened */
    PEAL_REPLAY_GARBLED    /**< the recording is damaged in its middle */
} peal_replay_state;
/** How a replay stands, and what was different. Views live as long as the replay. */
typedef struct peal_replay_outcome {
    size_t size;             /**< sizeof(peal_replay_outcome) */
    peal_replay_state state; /**< PEAL_REPLAY_… */
    uint64_t events;         /**< repeated; when different: number of the one that differs */
    uint32_t threads;        /**< servicing threads in the recording */
    uint64_t offset;         /**< when cut or garbled: where, in the file */
    const char *thread;      /**< when different: on which thread */
    peal_str expected;       /**< when different: what was recorded */
    peal_str got;            /**< when different: what happened instead */
    const char *reason;      /**< when garbled: what is wrong */
} peal_replay_outcome;
/** Tells how it stands; *ret's size is set by the caller. */
PEAL_API void peal_replay_outcome_get(peal_replay *replay, peal_replay_outcome *ret);
/** Ends it. All servicing threads on its port must be gone. NULL allowed. */
PEAL_API void peal_replay_free(peal_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
