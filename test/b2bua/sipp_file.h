/* SPDX-License-Identifier: MIT */
/* Scenario files of SIPp, as far as those of test/flows need them: send, recv, pause, timewait and
 * ereg. Whatever else stands in one is an error that names it. */
#ifndef SIPP_FILE_H
#define SIPP_FILE_H

#include <regex.h>

#include "test/kit/kit_priv.h"

typedef enum sipp_kind { SIPP_SEND, SIPP_RECV, SIPP_PAUSE } sipp_kind;

/** A pattern that is looked for in what came. */
typedef struct sipp_ereg {
    regex_t regex;
    char *header;   /**< its value, without colon; NULL: the body */
    char *variable; /**< gets what matched */
    bool must_match;
} sipp_ereg;

/** One message or pause, in SIPp's count. */
typedef struct sipp_step {
    sipp_kind kind;
    unsigned line;
    char *text;          /**< SEND: lines without blanks before them, keywords in place */
    uint32_t retrans_ms; /**< SEND: 0: sent once */
    char *request;       /**< RECV: its method; NULL: a response */
    unsigned status;     /**< RECV: of the response */
    bool is_optional;    /**< RECV */
    bool is_for_routes;  /**< RECV: [routes] and [next_url] come from here */
    bool is_usual_pause; /**< PAUSE: as long as the player is told to */
    uint32_t ms;         /**< PAUSE: else so long */
    sipp_ereg *eregs;    /**< RECV */
    size_t ereg_count;
} sipp_step;

typedef struct sipp_scenario {
    char *name; /**< of the file */
    sipp_step *steps;
    size_t count;
} sipp_scenario;

/** The build has what reading takes. */
bool sipp_can_read(void);
/** Reads a scenario. @param name said in failures
 * @return NULL, or what is wrong and where (free() it; the scenario is empty then) */
char *sipp_read(const char *name, peal_str xml, sipp_scenario *ret);
/** Reads the file NAME.xml of a folder. */
char *sipp_read_file(const char *folder, const char *name, sipp_scenario *ret);
void sipp_scenario_fini(sipp_scenario *scenario);
/** The keyword in brackets that a text starts with, and how many bytes it takes; absent: none. */
peal_str sipp_keyword(peal_str text, size_t *ret_bytes);
/** It is one of those that players know. */
bool sipp_is_known(peal_str keyword);

#endif
