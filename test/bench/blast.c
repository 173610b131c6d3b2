/* SPDX-License-Identifier: MIT */
/* A light call generator for servers that outrun SIPp.
 *   blast [-t PORT] [-n CALLS] [-w WINDOW | -r CPS] [-H HOLD_S] [-m METHOD] [-u USER]
 * Each call: INVITE(SDP) .. 200, ACK, BYE, 200, with T1 retransmissions counted.
 * -w: closed loop, WINDOW calls at once (finds the highest rate).  -r: open loop.
 * -H: sends no BYE until all calls are up and HOLD_S seconds have passed.
 * -m OPTIONS|REGISTER..: one transaction a call.  127.0.0.1 only.
 * One thread; a call is found by the index that its Call-ID starts with. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64, /* datagrams a system call */
    DATAGRAM_MAX = 4096,
    CALLS_MAX = 2000000,
    SOCKET_BUFFER = 4 << 20,
    STARTS_A_TURN = 256,
    BYES_A_TURN = 64,
    ROUTES_MAX = 8,
    ROUTE_MAX = 200,
    SHOWN_FAILURES = 3
};
#define RUN_MAX_S 300.0
#define T1_S 0.5f
#define TIMEOUT_S 32.0 /* 64*T1: timers B and F */
#define SCAN_S 0.1
#define WAIT_NS 500000

/* The order matters: what is over stands last. */
typedef enum call_state { IDLE, INVITING, UP, ENDING, DONE, FAILED } call_state;

typedef struct call {
    char to[160], target[128], route[512]; /* To line, request URI, Route lines */
    double began, sent;                    /* seconds; sent: first sending of the request alive */
    float next;                            /* seconds after sent: the next retransmission */
    unsigned char state, is_provisional;
} call;

typedef struct settings {
    int target_port, hold_s; /* hold_s: negative when calls end at once */
    long calls, window;
    double rate; /* calls a second, 0: closed loop */
    const char *method, *user;
    bool is_invite;
} settings;

typedef struct counters {
    long started, done, failed, up, retransmitted, repeated_2xx;
} counters;

/* Times and places of the loop in main. */
typedef struct run {
    double began, scanned, all_up, progressed;
    long oldest;     /* calls before it are over */
    long ended;      /* calls before it have got their BYE */
    long progress;   /* sum of what has happened */
    double *latency; /* seconds; one of each call answered */
} run;

static settings set = { .target_port = 5060,
                        .hold_s = -1,
                        .calls = 10000,
                        .window = 64,
                        .method = "INVITE",
                        .user = "bob" };
static counters count;
static run this_run;
static call *calls;
static char in[BATCH][DATAGRAM_MAX], out[BATCH][DATAGRAM_MAX];
static struct mmsghdr in_heads[BATCH], out_heads[BATCH];
static struct iovec in_parts[BATCH], out_parts[BATCH];
static struct sockaddr_in server;
static int sock, out_count, local_port;
static unsigned run_id; /* callers of the same second differ by it */

static const char sdp[] =
    "v=0\r\no=alice 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n";

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* ---- sending ---- */

static void flush(void)
{
    for (int i = 0; i < out_count;) {
        int sent = sendmmsg(sock, out_heads + i, (unsigned)(out_count - i), 0);
        if (sent <= 0) {
            struct pollfd p = { sock, POLLOUT, 0 };
            poll(&p, 1, 1);
            continue;
        }
        i += sent;
    }
    out_count = 0;
}

static char *put_body(char *w, const char *method)
{
    if (strcmp(method, "INVITE") != 0) {
        return stpcpy(w, "Content-Length: 0\r\n\r\n");
    }
    w += sprintf(w,
                 "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 sizeof sdp - 1);
    return stpcpy(w, sdp);
}

/* Queues a request of call @p i; a retransmission is the same request again. */
static void send_request(long i, const char *method, int cseq)
{
    call *c = &calls[i];
    if (out_count == BATCH) {
        flush();
    }
    char *start = out[out_count], *w = start;
    w +=
        sprintf(w,
                "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%x-%lx-%d%c;rport\r\n"
                "Max-Forwards: 70\r\n",
                method, c->target, local_port, run_id, i, cseq, method[0]);
    if (!strcmp(method, "ACK") || !strcmp(method, "BYE")) {
        w = stpcpy(w, c->route);
    }
    w += sprintf(w,
                 "From: \"Alice\" <sip:alice@127.0.0.1:%d>;tag=a%lx\r\n%sCall-ID: %lx-%x@blast\r\n"
                 "CSeq: %d %s\r\nContact: <sip:alice@127.0.0.1:%d>\r\nUser-Agent: blast\r\n",
                 local_port, i, c->to, i, run_id, cseq, method, local_port);
    w = put_body(w, method);
    out_parts[out_count].iov_base = start;
    out_parts[out_count].iov_len = (size_t)(w - start);
    out_count++;
}

static void start_call(long i, double now)
{
    call *c = &calls[i];
    snprintf(c->to, sizeof c->to, "To: <sip:%s@127.0.0.1:%d>\r\n", set.user, set.target_port);
    snprintf(c->target, sizeof c->target, "sip:%s@127.0.0.1:%d", set.user, set.target_port);
    c->state = INVITING;
    c->began = c->sent = now;
    c->next = T1_S;
    count.started++;
    send_request(i, set.method, 1);
}

static void end_call(long i, double now)
{
    call *c = &calls[i];
    c->state = ENDING;
    c->is_provisional = 0;
    c->sent = now;
    c->next = T1_S;
    send_request(i, "BYE", 2);
}

static void call_failed(call *c, const char *response)
{
    c->state = FAILED;
    count.failed++;
    if (count.failed <= SHOWN_FAILURES) {
        fprintf(stderr, "%.60s\n", response);
    }
}

/* ---- responses ---- */

static void learn_target(call *c, const char *line, size_t length)
{
    const char *open = memchr(line, '<', length);
    const char *shut = open ? memchr(open, '>', (size_t)(line + length - open)) : NULL;
    if (shut && (size_t)(shut - open) < sizeof c->target) {
        size_t n = (size_t)(shut - open - 1);
        memcpy(c->target, open + 1, n);
        c->target[n] = 0;
    }
}

/* The caller's route set is the Record-Route in reverse order (RFC 3261 §12.1.2). */
static void learn_route(call *c, char routes[][ROUTE_MAX], int n)
{
    size_t used = 0;
    c->route[0] = 0;
    while (n-- > 0) {
        size_t length = strlen(routes[n]);
        if (used + length < sizeof c->route) {
            memcpy(c->route + used, routes[n], length + 1);
            used += length;
        }
    }
}

/* The dialog that a 2xx makes: its To, Contact and Record-Route lines. */
static void learn_dialog(call *c, const char *response, const char *end)
{
    char routes[ROUTES_MAX][ROUTE_MAX];
    int n = 0;
    const char *p = response, *newline;
    while (p < end && (newline = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        size_t length = (size_t)(newline + 1 - p);
        if (length <= 2) {
            break;
        }
        if (!strncasecmp(p, "To:", 3) && length < sizeof c->to) {
            memcpy(c->to, p, length);
            c->to[length] = 0;
        } else if (!strncasecmp(p, "Contact:", 8)) {
            learn_target(c, p, length);
        } else if (!strncasecmp(p, "Record-Route:", 13) && n < ROUTES_MAX &&
                   length < ROUTE_MAX - 10) {
            snprintf(routes[n++], ROUTE_MAX, "Route:%.*s", (int)(length - 13), p + 13);
        }
        p = newline + 1;
    }
    learn_route(c, routes, n);
}

static void on_first_final(long i, int status, const char *response, size_t length, double now)
{
    call *c = &calls[i];
    if (status >= 300) {
        call_failed(c, response);
        if (set.is_invite) {
            send_request(i, "ACK", 1);
        }
        return;
    }
    if (!set.is_invite) {
        c->state = DONE;
        this_run.latency[count.done++] = now - c->began;
        return;
    }
    learn_dialog(c, response, response + length);
    this_run.latency[count.up++] = now - c->began;
    c->state = UP;
    send_request(i, "ACK", 1);
    if (set.hold_s < 0) {
        end_call(i, now);
    }
}

static void on_bye_answered(call *c, int status, const char *response)
{
    if (status < 300) {
        c->state = DONE;
        count.done++;
    } else {
        call_failed(c, response);
    }
}

static void on_response(long i, int status, int cseq, const char *response, size_t length,
                        double now)
{
    call *c = &calls[i];
    if (status < 200) {
        if ((c->state == INVITING && cseq == 1) || (c->state == ENDING && cseq == 2)) {
            c->is_provisional = 1;
        }
    } else if (cseq == 1 && c->state == INVITING) {
        on_first_final(i, status, response, length, now);
    } else if (cseq == 1 && set.is_invite && c->state >= UP) {
        count.repeated_2xx++;
        send_request(i, "ACK", 1);
    } else if (cseq == 2 && c->state == ENDING) {
        on_bye_answered(c, status, response);
    }
}

/* @p text has room for one byte behind @p length. Requests are not for the caller: left out. */
static void on_datagram(char *text, size_t length, double now)
{
    if (length < 16) {
        return;
    }
    text[length] = 0;
    if (memcmp(text, "SIP/2.0 ", 8) != 0) {
        return;
    }
    const char *call_id = strcasestr(text, "\nCall-ID:"), *cseq = strcasestr(text, "\nCSeq:");
    if (!call_id || !cseq) {
        return;
    }
    long i = strtol(call_id + 9, NULL, 16);
    if (i >= 0 && i < set.calls) {
        on_response(i, atoi(text + 8), atoi(cseq + 6), text, length, now);
    }
}

static void receive(double now)
{
    int n = recvmmsg(sock, in_heads, BATCH, 0, NULL);
    for (int i = 0; i < n; i++) {
        on_datagram(in[i], in_heads[i].msg_len, now);
    }
    flush();
    if (n <= 0) {
        struct pollfd p = { sock, POLLIN, 0 };
        struct timespec wait = { 0, WAIT_NS };
        ppoll(&p, 1, &wait, NULL);
    }
}

/* ---- the loop ---- */

static void start_due_calls(const run *r, double now)
{
    long due;
    if (set.rate > 0) {
        due = (long)(set.rate * (now - r->began)) + 1;
    } else {
        due = (set.hold_s >= 0 ? count.up : count.done) + count.failed + set.window;
    }
    for (int k = 0; count.started < set.calls && count.started < due && k < STARTS_A_TURN; k++) {
        start_call(count.started, now);
    }
}

/* With -H: tells when all are up, and ends them, a window at once, when the time has passed. */
static void end_held_calls(run *r, double now)
{
    if (set.hold_s < 0 || count.up + count.failed < set.calls) {
        return;
    }
    if (r->all_up <= 0) {
        r->all_up = now;
        printf("UP %ld calls after %.2f s\n", count.up, now - r->began);
        fflush(stdout);
    }
    if (now - r->all_up <= set.hold_s) {
        return;
    }
    for (int k = 0; k < BYES_A_TURN && r->ended < set.calls; k++) {
        if (r->ended >= count.done + count.failed + BYES_A_TURN) {
            break;
        }
        if (calls[r->ended].state == UP) {
            end_call(r->ended, now);
        }
        r->ended++;
    }
}

static void check_timers(long i, double now)
{
    call *c = &calls[i];
    if (c->state != INVITING && c->state != ENDING) {
        return;
    }
    if (now - c->sent > TIMEOUT_S) {
        c->state = FAILED;
        count.failed++;
        return;
    }
    /* A 1xx ends the retransmissions of an INVITE, of nothing else (RFC 3261 §17.1.1.2). */
    const bool is_quiet = c->state == INVITING && c->is_provisional && set.is_invite;
    if (now - c->sent > c->next && !is_quiet) {
        c->next += c->next;
        count.retransmitted++;
        if (c->state == INVITING) {
            send_request(i, set.method, 1);
        } else {
            send_request(i, "BYE", 2);
        }
    }
}

static void scan(run *r, double now)
{
    if (now - r->scanned <= SCAN_S) {
        return;
    }
    r->scanned = now;
    while (r->oldest < count.started && calls[r->oldest].state >= DONE) {
        r->oldest++;
    }
    for (long i = r->oldest; i < count.started; i++) {
        check_timers(i, now);
    }
}

static void make_calls(run *r)
{
    r->began = r->scanned = r->progressed = seconds();
    while (count.done + count.failed < set.calls) {
        double now = seconds();
        if (now - r->began > RUN_MAX_S) {
            break;
        }
        start_due_calls(r, now);
        end_held_calls(r, now);
        flush();
        receive(now);
        if (count.done + count.failed + count.up != r->progress) {
            r->progress = count.done + count.failed + count.up;
            r->progressed = now;
        }
        scan(r, now);
    }
}

static void report(run *r)
{
    const double took = r->progressed - r->began;
    const long n = set.is_invite ? count.up : count.done;
    qsort(r->latency, (size_t)n, sizeof *r->latency, compare_doubles);
    printf("blast: done %ld failed %ld retrans %ld dup200 %ld cps %.0f p50 %.3f ms p99 %.3f ms\n",
           count.done, count.failed, count.retransmitted, count.repeated_2xx,
           (double)count.done / took, n ? r->latency[n / 2] * 1e3 : 0,
           n ? r->latency[n * 99 / 100] * 1e3 : 0);
}

/* ---- set-up ---- */

static bool read_option(int option, char *value)
{
    switch (option) {
    case 't':
        set.target_port = atoi(value);
        return true;
    case 'n':
        set.calls = atol(value);
        return true;
    case 'w':
        set.window = atol(value);
        return true;
    case 'r':
        set.rate = atof(value);
        return true;
    case 'H':
        set.hold_s = atoi(value);
        return true;
    case 'm':
        set.method = value;
        return true;
    case 'u':
        set.user = value;
        return true;
    default:
        return false;
    }
}

static bool read_options(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "t:n:w:r:H:m:u:")) != -1) {
        if (!read_option(option, optarg)) {
            return false;
        }
    }
    set.is_invite = strcmp(set.method, "INVITE") == 0;
    return set.calls >= 1 && set.calls <= CALLS_MAX;
}

/* Binds to a port of the system's choice; @c server then is where requests go. */
static bool open_socket(void)
{
    const int bytes = SOCKET_BUFFER;
    socklen_t length = sizeof server;
    sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(sock, (struct sockaddr *)&server, sizeof server) != 0 ||
        getsockname(sock, (struct sockaddr *)&server, &length) != 0) {
        return false;
    }
    local_port = ntohs(server.sin_port);
    server.sin_port = htons((uint16_t)set.target_port);
    return true;
}

static void prepare_batches(void)
{
    for (int i = 0; i < BATCH; i++) {
        in_parts[i].iov_base = in[i];
        in_parts[i].iov_len = DATAGRAM_MAX - 1;
        in_heads[i].msg_hdr.msg_iov = &in_parts[i];
        in_heads[i].msg_hdr.msg_iovlen = 1;
        out_heads[i].msg_hdr.msg_iov = &out_parts[i];
        out_heads[i].msg_hdr.msg_iovlen = 1;
        out_heads[i].msg_hdr.msg_name = &server;
        out_heads[i].msg_hdr.msg_namelen = sizeof server;
    }
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        return 2;
    }
    calls = calloc((size_t)set.calls, sizeof *calls);
    this_run.latency = calloc((size_t)set.calls, sizeof *this_run.latency);
    if (!calls || !this_run.latency || !open_socket()) {
        return 1;
    }
    run_id = ((unsigned)time(NULL) << 16 | ((unsigned)getpid() & 0xffff)) & 0x7fffffff;
    prepare_batches();
    make_calls(&this_run);
    report(&this_run);
    free(calls);
    free(this_run.latency);
    close(sock);
    return count.failed != 0 || count.done < set.calls;
}
