/* SPDX-License-Identifier: MIT */
/* One SIP parser in the parser benchmark. Each is a program of its own with the same harness,
 * bench_parser.c, since two of the libraries have functions of the same names. */
#ifndef PEAL_BENCH_PARSE_PEER_H
#define PEAL_BENCH_PARSE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What program 2 reads: lengths of texts and values of numbers; 0 for what is not there. */
enum {
    PARSE_BRANCH,   /* of the topmost Via */
    PARSE_FROM_TAG, /* … */
    PARSE_TO_TAG,   /* … */
    PARSE_CALL_ID,  /* … */
    PARSE_CSEQ,     /* the number */
    PARSE_METHOD,   /* of CSeq */
    PARSE_URI_USER, /* of the Request-URI */
    PARSE_URI_HOST, /* the same, without brackets */
    PARSE_CONTACT,  /* host of the first Contact's URI, without brackets */
    PARSE_MAX_FORWARDS,
    PARSE_EXPIRES,
    PARSE_FIELDS
};
typedef struct parse_fields {
    uint64_t value[PARSE_FIELDS];
} parse_fields;

/* What program 3 pushes. */
#define PARSE_VIA "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKbench0123"
enum { PARSE_BYTES_MAX = 65536 };

/* Once, before anything else. */
bool parse_peer_init(void);
/* Parses a message of [data, data + bytes), which may be written to and is followed by a NUL; adds
 * the fields when program is at least 2; when it is 3, pushes PARSE_VIA, takes 1 from Max-Forwards
 * if there is one, and writes the message to `written`. Gives the bytes written, 0 for programs 1
 * and 2, -1 when the message is refused. */
long parse_peer_run(int program, char *data, size_t bytes, parse_fields *fields, char *written);
/* Blocks taken from the heap so far; -1: not known. */
long parse_peer_allocations(void);
/* The message is good with every header decoded, as peal-parse judges; peers that don't offer this
 * judge by program 2. */
bool parse_peer_judge(char *data, size_t bytes);

static inline size_t parse_host_length(const char *host, size_t n)
{
    return n >= 2 && host[0] == '[' ? n - 2 : n;
}

#endif
