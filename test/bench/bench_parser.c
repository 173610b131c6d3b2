/* SPDX-License-Identifier: MIT */
/* Parser benchmark: Peal beside a bare line walk and, when it is installed, Sofia-SIP, in one run
 * and interleaved, so that a slow spell of the machine hits all alike.
 *
 *   bench_parser [-n PASSES] [-r ROUNDS] [-p PEER] [-l LEVEL] FILE...
 *
 * Levels: 0 parse and release; 1 and read the topmost Via branch, tags, Call-ID, CSeq, Request-URI
 * host, Contact host, Max-Forwards; 2 and write: for Peal push a Via and set Max-Forwards first,
 * for Sofia encode alone. Prints the median over the rounds. With -p and -l, for callgrind. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <peal/sip/packet.h>

#ifdef BENCH_SOFIA
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/msg_parser.h>
#include <sofia-sip/msg_types.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_alloc.h>
#endif

enum { MESSAGES_MAX = 64, BYTES_MAX = 65536, ROUNDS_MAX = 99, LEVELS = 3 };

static struct message {
    char *data;
    size_t bytes;
} messages[MESSAGES_MAX];
static size_t message_count, total_bytes;
static char received[BYTES_MAX], written[BYTES_MAX];
static peal_pool *pool;

/* Sums of the fields' lengths or numbers: all peers must agree. */
struct fields {
    uint64_t sum[8];
};

static int walk(int level, char *data, size_t bytes, struct fields *f)
{
    char *p = data, *end = data + bytes, *stop;
    while (p < end && (stop = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p = stop + 1;
        ++f->sum[0];
    }
    if (level == 2) {
        memcpy(written, data, bytes);
    }
    return 0;
}

static size_t host_bytes(peal_str text)
{
    peal_sip_uri uri;
    return peal_sip_uri_decode(text, &uri) >= 0 ? uri.host.n : 0;
}

static int read_fields(peal_sip_packet *packet, struct fields *f)
{
    const peal_sip_via *via;
    const peal_sip_address *from, *to, *contact;
    const peal_sip_cseq *cseq;
    const peal_sip_uri *uri;
    uint32_t hops;
    if (peal_sip_packet_via(packet, 0, &via) < 0 || peal_sip_packet_from(packet, &from) < 0 ||
        peal_sip_packet_to(packet, &to) < 0 || peal_sip_packet_cseq(packet, &cseq) < 0) {
        return -1;
    }
    f->sum[0] += via->branch.n;
    f->sum[1] += from->tag.n;
    f->sum[2] += to->tag.n;
    f->sum[3] += peal_sip_packet_call_id(packet).n;
    f->sum[4] += cseq->number;
    if (peal_sip_packet_request_uri_decoded(packet, &uri) >= 0) {
        f->sum[5] += uri->host.n;
    }
    if (peal_sip_packet_address(packet, PEAL_SIP_HEADER_CONTACT, 0, &contact) >= 0) {
        f->sum[6] += host_bytes(contact->uri);
    }
    if (peal_sip_packet_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, &hops) >= 0) {
        f->sum[7] += hops;
    }
    return 0;
}

static int write_on(peal_sip_packet *packet)
{
    uint32_t hops;
    if (peal_sip_packet_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, &hops) >= 0 &&
        peal_sip_packet_set_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, hops - 1) < 0) {
        return -1;
    }
    if (peal_sip_packet_push(packet, PEAL_SIP_HEADER_VIA,
                             PEAL_STR("SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKbench0123")) < 0) {
        return -1;
    }
    if (peal_sip_packet_size(packet) > sizeof written) {
        return -1;
    }
    peal_sip_packet_encode(packet, written);
    return 0;
}

static int peal(int level, char *data, size_t bytes, struct fields *f)
{
    peal_sip_packet *packet = NULL;
    if (peal_sip_packet_decode(pool, peal_str_of(data, bytes), NULL, &packet, NULL) < 0 ||
        peal_sip_packet_fault(packet)->result < 0) {
        peal_sip_packet_unref(packet);
        return -1;
    }
    int rc = level >= 1 ? read_fields(packet, f) : 0;
    if (rc == 0 && level >= 2) {
        rc = write_on(packet);
    }
    peal_sip_packet_unref(packet);
    return rc;
}

#ifdef BENCH_SOFIA
static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static void sofia_fields(const sip_t *s, struct fields *f)
{
    f->sum[0] += length(s->sip_via->v_branch);
    f->sum[1] += length(s->sip_from->a_tag);
    f->sum[2] += length(s->sip_to->a_tag);
    f->sum[3] += length(s->sip_call_id->i_id);
    f->sum[4] += s->sip_cseq->cs_seq;
    f->sum[5] += s->sip_request ? length(s->sip_request->rq_url->url_host) : 0;
    f->sum[6] += s->sip_contact ? length(s->sip_contact->m_url->url_host) : 0;
    f->sum[7] += s->sip_max_forwards ? s->sip_max_forwards->mf_count : 0;
}

static int sofia(int level, char *data, size_t bytes, struct fields *f)
{
    msg_iovec_t v[8];
    size_t at = 0;
    msg_t *m = msg_create(sip_default_mclass(), 0);
    if (!m) {
        return -1;
    }
    ssize_t n = msg_recv_iovec(m, v, 8, bytes, 1);
    for (ssize_t i = 0; i < n && at < bytes; ++i) {
        size_t part = v[i].mv_len < bytes - at ? v[i].mv_len : bytes - at;
        memcpy(v[i].mv_base, data + at, part);
        at += part;
    }
    msg_recv_commit(m, (ssize_t)bytes, 1);
    int rc = n < 1 || msg_extract(m) < 0 || sip_object(m)->sip_error ? -1 : 0;
    if (rc == 0 && level >= 1) {
        sofia_fields(sip_object(m), f);
    }
    if (rc == 0 && level >= 2) {
        rc = msg_object_e(written, sizeof written, msg_object(m), 0) > 0 ? 0 : -1;
    }
    msg_destroy(m);
    return rc;
}
#endif

static const struct peer {
    const char *name;
    int (*op)(int level, char *data, size_t bytes, struct fields *f);
} peers[] = {
    { "line walk", walk },
    { "peal", peal },
#ifdef BENCH_SOFIA
    { "sofia-sip", sofia },
#endif
};
enum { PEERS = sizeof peers / sizeof *peers };

/* Everybody pays one copy into a receive buffer. */
static int pass(const struct peer *peer, int level, struct fields *f)
{
    for (size_t i = 0; i < message_count; ++i) {
        memcpy(received, messages[i].data, messages[i].bytes);
        if (peer->op(level, received, messages[i].bytes, f) < 0) {
            fprintf(stderr, "bench_parser: %s: level %d fails at message %zu\n", peer->name, level,
                    i + 1);
            return -1;
        }
    }
    return 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int measure(const struct peer *peer, int level, long passes, double *ret_ns)
{
    struct fields f = { { 0 } };
    double start = seconds();
    for (long i = 0; i < passes; ++i) {
        if (pass(peer, level, &f) < 0) {
            return -1;
        }
    }
    *ret_ns = (seconds() - start) * 1e9 / ((double)passes * (double)message_count);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

static int same_fields(void)
{
    struct fields first = { { 0 } };
    for (int i = 1; i < PEERS; ++i) {
        struct fields f = { { 0 } };
        if (pass(&peers[i], 1, &f) < 0) {
            return -1;
        }
        if (i == 1) {
            first = f;
        } else if (memcmp(&first, &f, sizeof f) != 0) {
            fprintf(stderr, "bench_parser: %s reads other fields than %s\n", peers[i].name,
                    peers[1].name);
            return -1;
        }
    }
    return 0;
}

static double results[PEERS][LEVELS][ROUNDS_MAX];

static int all_rounds(long passes, int rounds)
{
    for (int round = 0; round < rounds; ++round) {
        for (int level = 0; level < LEVELS; ++level) {
            for (int i = 0; i < PEERS; ++i) {
                if (measure(&peers[i], level, passes, &results[i][level][round]) < 0) {
                    return -1;
                }
            }
        }
    }
    printf("%zu messages, %zu bytes on average; ns a message, median of %d rounds\n", message_count,
           total_bytes / message_count, rounds);
    printf("%-12s %10s %10s %10s\n", "", "parse", "and read", "and write");
    for (int i = 0; i < PEERS; ++i) {
        printf("%-12s", peers[i].name);
        for (int level = 0; level < LEVELS; ++level) {
            printf(" %10.0f", median(results[i][level], rounds));
        }
        printf("\n");
    }
    return 0;
}

static int load(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(BYTES_MAX);
    if (!file || !data || message_count == MESSAGES_MAX) {
        perror(path);
        return -1;
    }
    size_t bytes = fread(data, 1, BYTES_MAX - 1, file);
    fclose(file);
    messages[message_count++] = (struct message){ data, bytes };
    total_bytes += bytes;
    return 0;
}

int main(int argc, char **argv)
{
    long passes = 2000;
    int rounds = 9, only = -1, level = 1, option;
    while ((option = getopt(argc, argv, "n:r:p:l:")) != -1) {
        switch (option) {
        case 'n':
            passes = atol(optarg);
            break;
        case 'r':
            rounds = atoi(optarg);
            break;
        case 'p':
            only = atoi(optarg);
            break;
        case 'l':
            level = atoi(optarg);
            break;
        default:
            return 2;
        }
    }
    for (; optind < argc; ++optind) {
        if (load(argv[optind]) < 0) {
            return 2;
        }
    }
    if (message_count == 0 || passes < 1 || rounds < 1 || rounds > ROUNDS_MAX || only >= PEERS) {
        fprintf(stderr,
                "usage: bench_parser [-n PASSES] [-r ROUNDS] [-p PEER] [-l LEVEL] FILE...\n");
        return 2;
    }
#ifdef BENCH_SOFIA
    su_init();
#endif
    if (peal_pool_new(1 << 20, &pool) < 0 || same_fields() < 0) {
        return 1;
    }
    double ns;
    int rc = only >= 0 ? measure(&peers[only], level, passes, &ns) : all_rounds(passes, rounds);
    peal_pool_release(pool);
    for (size_t i = 0; i < message_count; ++i) {
        free(messages[i].data);
    }
    return rc < 0;
}
