/* SPDX-License-Identifier: MIT */
/* A scripted application and a peer that answers without state. */
#ifndef PEAL_TEST_CORE_SCRIPT_H
#define PEAL_TEST_CORE_SCRIPT_H

#include "core_world.h"

/* What a scripted application does with each event. */
typedef struct script {
    hooks hooks;
    unsigned codes[16]; /* events heard, in order */
    unsigned statuses[16];
    peal_result locals[16];
    size_t heard;
    bool keep; /* keep each control */
    peal_sip_client_event_control *kept;
    peal_sip_context *clear_inside;
    unsigned reissues; /* of failures */
    peal_result reissue_result;
} script;

/* Releases the kept control. */
void script_drop_kept(script *s);
/* The script's hooks. */
void script_init(script *s);
/* Starts a world whose peer answers each request by @p statuses, an array ended by 0; gives a
 * context of the first stack with the script as its manager. */
peal_sip_context *script_start(script *s, world *w, unsigned threads, const unsigned *statuses);

#endif
