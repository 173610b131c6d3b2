/* SPDX-License-Identifier: MIT */
/* The harness of the parser benchmark; bench_parser.py runs it, once for each parser, and compares.
 *
 *   bench_parser fields LIST           a line for each message: "= refused", or "= " and the fields
 *   bench_parser judge LIST            a line for each message: "= good" or "= refused"
 *   bench_parser write LIST            what program 3 writes, each after a line "BYTES N"
 *   bench_parser time PROGRAM PASSES SEED LIST   "NS ALLOCATIONS" a message and in all
 *   bench_parser once PROGRAM SEED LIST          one pass, inside parse_measured(), for callgrind
 *
 * LIST is a file of file names. Programs: 1 frame; 2 and read; 3 and push a Via, take 1 from
 * Max-Forwards, encode. Messages come in random order, another one in each pass, so that branch
 * predictors don't learn the sequence. Everybody pays one copy into a receive buffer. */
#define _GNU_SOURCE
#include "test/bench/parse_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MESSAGES_MAX = 1024, ORDERS = 16 };

static struct {
    char *data;
    size_t bytes;
} messages[MESSAGES_MAX];
static size_t count;
static uint16_t orders[ORDERS][MESSAGES_MAX];
static char received[PARSE_BYTES_MAX + 1], written[PARSE_BYTES_MAX];

static bool load_one(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(PARSE_BYTES_MAX);
    if (!file || !data || count == MESSAGES_MAX) {
        perror(path);
        free(data);
        return false;
    }
    size_t bytes = fread(data, 1, PARSE_BYTES_MAX, file);
    bool ok = !ferror(file);
    (void)fclose(file);
    messages[count].data = data;
    messages[count++].bytes = bytes;
    return ok;
}

static bool load(const char *list)
{
    char path[4096];
    FILE *file = fopen(list, "r");
    bool ok = file != NULL;
    while (ok && fgets(path, sizeof path, file)) {
        path[strcspn(path, "\n")] = '\0';
        ok = load_one(path);
    }
    if (file) {
        (void)fclose(file);
    }
    return ok && count > 0;
}

static void shuffle(uint64_t seed)
{
    for (int o = 0; o < ORDERS; ++o) {
        for (size_t i = 0; i < count; ++i) {
            orders[o][i] = (uint16_t)i;
        }
        for (size_t i = count - 1; i > 0; --i) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t j = (size_t)(seed >> 33) % (i + 1);
            uint16_t was = orders[o][i];
            orders[o][i] = orders[o][j];
            orders[o][j] = was;
        }
    }
}

static long run_one(int program, size_t i, parse_fields *fields)
{
    memcpy(received, messages[i].data, messages[i].bytes);
    received[messages[i].bytes] = '\0';
    return parse_peer_run(program, received, messages[i].bytes, fields, written);
}

static bool pass(int program, int order, parse_fields *fields)
{
    for (size_t i = 0; i < count; ++i) {
        if (run_one(program, orders[order][i], fields) < 0) {
            fprintf(stderr, "message %u is refused\n", orders[order][i] + 1u);
            return false;
        }
    }
    return true;
}

/* What callgrind counts. */
__attribute__((noinline)) static bool parse_measured(int program, parse_fields *fields)
{
    return pass(program, 0, fields);
}

/* Of this process alone: what else the machine does is not counted. */
static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int do_time(int program, long passes)
{
    parse_fields fields = { { 0 } };
    for (int i = 0; i < ORDERS; ++i) { /* pools fill, pages are there */
        if (!pass(program, i, &fields)) {
            return 1;
        }
    }
    long before = parse_peer_allocations();
    double start = seconds();
    for (long i = 0; i < passes; ++i) {
        if (!pass(program, (int)(i % ORDERS), &fields)) {
            return 1;
        }
    }
    double ns = (seconds() - start) * 1e9 / ((double)passes * (double)count);
    long after = parse_peer_allocations();
    printf("%.1f %ld\n", ns, before < 0 ? -1 : after - before);
    return 0;
}

static int do_once(int program)
{
    parse_fields fields = { { 0 } };
    return pass(program, 1, &fields) && parse_measured(program, &fields) ? 0 : 1;
}

static int do_fields(void)
{
    for (size_t i = 0; i < count; ++i) {
        parse_fields fields = { { 0 } };
        if (run_one(3, i, &fields) < 0) {
            printf("= refused\n");
            continue;
        }
        printf("= ");
        for (int f = 0; f < PARSE_FIELDS; ++f) {
            printf("%llu%c", (unsigned long long)fields.value[f],
                   f + 1 < PARSE_FIELDS ? ' ' : '\n');
        }
    }
    return 0;
}

static int do_judge(void)
{
    for (size_t i = 0; i < count; ++i) {
        memcpy(received, messages[i].data, messages[i].bytes);
        received[messages[i].bytes] = '\0';
        printf("= %s\n", parse_peer_judge(received, messages[i].bytes) ? "good" : "refused");
    }
    return 0;
}

static int do_write(void)
{
    for (size_t i = 0; i < count; ++i) {
        parse_fields fields = { { 0 } };
        long bytes = run_one(3, i, &fields);
        printf("BYTES %ld\n", bytes > 0 ? bytes : 0);
        (void)fwrite(written, 1, bytes > 0 ? (size_t)bytes : 0, stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    if (argc < 3 || !parse_peer_init() || !load(argv[argc - 1])) {
        fprintf(stderr, "usage: bench_parser fields|judge|write|time|once ... LIST\n");
        return 2;
    }
    int program = argc > 3 ? atoi(argv[2]) : 0;
    shuffle(argc > 4 ? strtoull(argv[argc - 2], NULL, 10) : 1);
    int rc = strcmp(what, "fields") == 0  ? do_fields()
             : strcmp(what, "judge") == 0 ? do_judge()
             : strcmp(what, "write") == 0 ? do_write()
             : strcmp(what, "time") == 0  ? do_time(program, argc > 5 ? atol(argv[3]) : 1)
             : strcmp(what, "once") == 0  ? do_once(program)
                                          : 2;
    for (size_t i = 0; i < count; ++i) {
        free(messages[i].data);
    }
    return rc;
}
