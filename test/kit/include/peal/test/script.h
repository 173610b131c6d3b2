/* SPDX-License-Identifier: MIT */
/** @file
 * Scripts: SIP peers that do what a text says, line by line, on a simulated network or the real
 * one. A peer is no user agent of Peal: it writes and reads messages as text, by rules of its own.
 *
 *     peer alice                        a socket on a host of that name
 *     peer bob v6                       the same with IPv6
 *     alice sends INVITE to b2bua       a request; a new dialog, or the next of the present one
 *         Subject: [subject]            headers added or put in the place of what is usual;
 *         -Contact                      left out; +Via: … would add one more
 *                                       (an empty line, then lines of body)
 *     bob expects INVITE                the next message, which must be this
 *         Subject: *                    a value that some header of this name must have
 *         !Route: *                     that none may have
 *         To: *;tag=[mine=]             and what stands there is kept as [mine]
 *         > INVITE sip:bob@* SIP/2.0    the start line
 *     bob answers 180 Ringing           to the last request; or: … to INVITE, … tag one
 *     alice expects 180
 *     alice sends CANCEL
 *     alice expects 200/CANCEL 487      both, in any order
 *     alice sends ACK                   of the last final answer to an INVITE
 *     bob hears nothing within 200      milliseconds in which nothing comes; without "within":
 *                                       until it has the answer to an OPTIONS to [target]
 *     bob forgets within 200            what came till then, whatever it is
 *     bob repeats INVITE                the bytes that it sent last once more
 *     carol writes to b2bua             the lines below as they are, with CR LF
 *     wait 500                          milliseconds
 *     absent carol                      an address at which nobody listens
 *     repeat 20 … end                   the steps between; [n] counts from 1
 *     define NAME … done                the steps between have a name, which plays them
 *     let name value
 *
 * Words at the end of a line: "new" begins another dialog; "as NAME" (of sends, answers, expects)
 * tells dialogs of one peer apart; "uri URI" is the target of a new dialog; "ignoring 180,183"
 * (100 is always ignored, and so are the bytes of a message that came before); "within MS"; "bare"
 * leaves SDP out of an INVITE or its 2xx. What came and nobody expected is a failure at the end.
 *
 * In a simulated network also: "cut HOST", "heal", "pause HOST", "resume HOST", "kill HOST", "link
 * delay=MS jitter=MS loss=PERCENT duplicate=PERCENT reorder=PERCENT". Other first words are the
 * caller's commands.
 *
 * Variables in brackets: each peer is its host:port, [bob.ip] and [bob.port] are parts of it, and
 * [bob.uri] its SIP URI; [token] is new each time, [sdp] a small offer, [len] (in "writes") the
 * length of the body. Pattern characters: * any text, ? any character. A line that starts with # is
 * a comment ("#line 7" numbers the lines below it); lines that belong to a command are indented by
 * four blanks. */
#ifndef PEAL_TEST_SCRIPT_H
#define PEAL_TEST_SCRIPT_H

#include <peal/test/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A script that is being played. */
typedef struct peal_test_script peal_test_script;

/** A command of the caller: gets the words after its name, variables replaced.
 * @return PEAL_OK to go on; else the script fails, with what peal_test_script_fail() said */
typedef peal_result peal_test_command_fn(void *arg, peal_test_script *script, const char *words);
/** One of them. */
typedef struct peal_test_command {
    const char *name;          /**< the first word of the line */
    peal_test_command_fn *run; /**< what it does */
    void *arg;                 /**< handed to it */
} peal_test_command;

/** How to play. */
typedef struct peal_test_play_options {
    size_t size;                       /**< sizeof(peal_test_play_options) */
    const peal_test_command *commands; /**< borrowed for the call */
    size_t command_count;              /**< of these */
    uint32_t wait_ms;                  /**< how long a peer waits for a message; 0: 40,000 */
} peal_test_play_options;

/** Plays a script to its end.
 * @param name said in a failure @param options may be NULL
 * @return NULL, or the failure: line, what was expected, what came, and the ladder; free() it */
PEAL_API char *peal_test_play(peal_test_net *net, const char *name, const char *text,
                              const peal_test_play_options *options);

/* ---- for commands ---- */

/** The network it is played on. */
PEAL_API peal_test_net *peal_test_script_net(peal_test_script *script);
/** Sets a variable. */
PEAL_API void peal_test_script_set(peal_test_script *script, const char *name, const char *value);
/** Sets the variables of somebody who can be sent to: NAME, NAME.ip, NAME.port, NAME.uri. */
PEAL_API void peal_test_script_set_address(peal_test_script *script, const char *name,
                                           const peal_socket_addr *address);
/** A variable's value; NULL: it is not set. Valid until it is set again. */
PEAL_API const char *peal_test_script_get(peal_test_script *script, const char *name);
/** Says why the script fails; gives PEAL_E_STATE. */
PEAL_API peal_result peal_test_script_fail(peal_test_script *script, const char *format, ...)
    PEAL_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
