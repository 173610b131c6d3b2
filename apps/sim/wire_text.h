/* SPDX-License-Identifier: MIT */
/* What the watcher of the wire reads in a message: a reader of its own, as plain as can be, which
 * shares nothing with the one it watches. */
#ifndef PEAL_SIM_WIRE_TEXT_H
#define PEAL_SIM_WIRE_TEXT_H

#include "apps/sim/sim_priv.h"

struct wire_text {
    unsigned status; /* 0: a request */
    uint32_t cseq;
    uint32_t call;   /* number of the call, 0: none of ours */
    uint32_t hops;   /* Max-Forwards; UINT32_MAX: it has none */
    peal_str method; /* of CSeq */
    peal_str start;  /* first line */
    peal_str call_id, branch, from_tag, to_tag;
    bool is_sound; /* all of it is there */
};

void peal__wire_read(peal_str bytes, struct wire_text *ret);
uint64_t peal__wire_hash(peal_str a, peal_str b, uint64_t c);

#endif
