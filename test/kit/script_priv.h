/* SPDX-License-Identifier: MIT */
/* Role: a script while it is played: shared by its reader and its commands. */
#ifndef PEAL_TEST_KIT_SCRIPT_PRIV_H
#define PEAL_TEST_KIT_SCRIPT_PRIV_H

#include "test/kit/kit_priv.h"

enum {
    PEAL__TEST_LOOPS_MAX = 4,
    PEAL__TEST_KINDS_MAX = 8,
    PEAL__TEST_PARTS_MAX = 32,
    PEAL__TEST_CALLS_MAX = 8
};

/** A command with the lines that belong to it. */
typedef struct peal__test_step {
    unsigned line;
    peal_str text;
    char *block; /**< lines without their indentation; "" when there are none */
} peal__test_step;

typedef struct peal__test_loop {
    size_t start; /**< the step behind "repeat" */
    unsigned at, count;
} peal__test_loop;

/** Steps with a name: from behind "define" to "done". */
typedef struct peal__test_part {
    peal_str name;
    size_t start;
} peal__test_part;

struct peal_test_script {
    peal_test_net *net;
    const char *name;
    const peal_test_play_options *options;
    uint32_t wait_ms;
    peal__test_vars vars;
    peal__test_peer *peers;
    peal__test_step *steps;
    size_t step_count, at;
    peal__test_loop loops[PEAL__TEST_LOOPS_MAX];
    size_t loop_count;
    peal__test_part parts[PEAL__TEST_PARTS_MAX];
    size_t part_count;
    size_t calls[PEAL__TEST_CALLS_MAX]; /**< where to go on after "done" */
    size_t call_count;
    char *failure;
};

/** The words of a command. Absent: not there. */
typedef struct peal__test_words {
    peal_str plain; /**< those without a meaning of their own, in order */
    peal_str to, as, uri, tag, ignoring;
    uint32_t within_ms;
    bool has_within, is_new, is_bare;
    peal__test_text text; /**< holds `plain` */
} peal__test_words;

/** What a peer does (kit_play.c); @p line is expanded, the block is not. */
peal_result peal__test_peer_command(peal_test_script *script, peal__test_peer *peer, peal_str line,
                                    const char *block);
/** What a simulated network suffers (kit_play.c). @return PEAL_I_END: no such command */
peal_result peal__test_fault_command(peal_test_script *script, peal_str verb, peal_str line);
/** An address as text, or the name of somebody. */
bool peal__test_address(const peal_test_script *script, peal_str text, peal_socket_addr *ret);
peal_result peal__test_expand_or_fail(peal_test_script *script, peal_str text,
                                      peal__test_text *ret);

#endif
