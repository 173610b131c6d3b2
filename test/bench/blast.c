/* SPDX-License-Identifier: MIT */
/* A light call generator for servers that outrun SIPp.
 *   blast [-t PORT] [-n CALLS] [-w WINDOW | -r CPS] [-H HOLD_S] [-m METHOD] [-u USER]
 * Each call: INVITE(SDP) .. 200, ACK, BYE, 200, with T1 retransmissions counted.
 * -w: closed loop, WINDOW calls at once (finds the highest rate).  -r: open loop.
 * -H: sends no BYE until all calls are up and HOLD_S seconds have passed.
 * -m OPTIONS|REGISTER..: one transaction a call.  127.0.0.1 only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAXB 64
#define SZ 4096
enum { IDLE, INV, UP, BYE, DONE, FAIL };
struct call {
    char to[160], ruri[128], route[512];
    double t0, tx;
    float next;
    unsigned char st, prov, fin;
};
static struct call *C;
static char in[MAXB][SZ], out[MAXB][SZ];
static struct mmsghdr mi[MAXB], mo[MAXB];
static struct iovec vi[MAXB], vo[MAXB];
static struct sockaddr_in dst;
static int s, nout, lport, tport = 5060, hold = -1;
static long N = 10000, started, done, failed, retr, dup200, up, unexpected;
static unsigned pid;
static const char *method = "INVITE", *user = "bob";
static char sdp[512];
static int sdplen;
static double *lat;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}
static int dcmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void flush(void)
{
    for (int i = 0; i < nout;) {
        int k = sendmmsg(s, mo + i, (unsigned)(nout - i), 0);
        if (k <= 0) {
            struct pollfd p = { s, POLLOUT, 0 };
            poll(&p, 1, 1);
            continue;
        }
        i += k;
    }
    nout = 0;
}
static void req(long i, const char *m, int cseq)
{
    struct call *c = &C[i];
    if (nout == MAXB)
        flush();
    char *o = out[nout], *w = o;
    int indlg = !strcmp(m, "ACK") || !strcmp(m, "BYE");
    w += sprintf(w,
                 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP "
                 "127.0.0.1:%d;branch=z9hG4bK%x-%lx-%d%c;rport\r\nMax-Forwards: 70\r\n",
                 m, c->ruri, lport, pid, i, cseq, m[0]);
    if (indlg)
        w = stpcpy(w, c->route);
    w += sprintf(w,
                 "From: \"Alice\" <sip:alice@127.0.0.1:%d>;tag=a%lx\r\n%sCall-ID: "
                 "%lx-%x@blast\r\nCSeq: %d %s\r\n"
                 "Contact: <sip:alice@127.0.0.1:%d>\r\nUser-Agent: blast\r\n",
                 lport, i, c->to, i, pid, cseq, m, lport);
    if (m[0] == 'I' && m[1] == 'N' && m[2] == 'V') {
        w += sprintf(w,
                     "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: "
                     "application/sdp\r\nContent-Length: %d\r\n\r\n",
                     sdplen);
        memcpy(w, sdp, (size_t)sdplen);
        w += sdplen;
    } else
        w = stpcpy(w, "Content-Length: 0\r\n\r\n");
    vo[nout].iov_base = o;
    vo[nout].iov_len = (size_t)(w - o);
    nout++;
}
static void start(long i, double t)
{
    struct call *c = &C[i];
    sprintf(c->to, "To: <sip:%s@127.0.0.1:%d>\r\n", user, tport);
    sprintf(c->ruri, "sip:%s@127.0.0.1:%d", user, tport);
    c->st = INV;
    c->t0 = c->tx = t;
    c->next = 0.5f;
    started++;
    req(i, method, 1);
}
static void bye(long i, double t)
{
    struct call *c = &C[i];
    c->st = BYE;
    c->prov = 0;
    c->tx = t;
    c->next = 0.5f;
    req(i, "BYE", 2);
}

static void learn(struct call *c, const char *b, const char *e)
{
    const char *p = b, *q;
    char rr[8][200];
    int nr = 0;
    while (p < e && (q = memchr(p, '\n', (size_t)(e - p)))) {
        size_t l = (size_t)(q + 1 - p);
        if (l <= 2)
            break;
        if (!strncasecmp(p, "To:", 3) && l < sizeof c->to) {
            memcpy(c->to, p, l);
            c->to[l] = 0;
        } else if (!strncasecmp(p, "Contact:", 8)) {
            const char *x = memchr(p, '<', l), *y = x ? memchr(x, '>', (size_t)(q - x)) : NULL;
            if (y && (size_t)(y - x) < sizeof c->ruri) {
                memcpy(c->ruri, x + 1, (size_t)(y - x - 1));
                c->ruri[y - x - 1] = 0;
            }
        } else if (!strncasecmp(p, "Record-Route:", 13) && nr < 8 && l < 190) {
            snprintf(rr[nr++], 200, "Route:%.*s", (int)(l - 13), p + 13);
        }
        p = q + 1;
    }
    c->route[0] = 0;
    size_t k = 0;
    while (nr-- > 0) {
        size_t l = strlen(rr[nr]);
        if (k + l < sizeof c->route) {
            memcpy(c->route + k, rr[nr], l + 1);
            k += l;
        }
    }
}
static void reply(char *b, size_t n, double t)
{
    if (n < 16)
        return;
    b[n] = 0;
    if (memcmp(b, "SIP/2.0 ", 8)) {
        unexpected++;
        return;
    } /* no requests are expected */
    int code = atoi(b + 8);
    char *id = strcasestr(b, "\nCall-ID:"), *cs = strcasestr(b, "\nCSeq:");
    if (!id || !cs)
        return;
    long i = strtol(id + 9, NULL, 16);
    int seq = atoi(cs + 6);
    if (i < 0 || i >= N)
        return;
    struct call *c = &C[i];
    if (code < 200) {
        if ((c->st == INV && seq == 1) || (c->st == BYE && seq == 2))
            c->prov = 1;
        return;
    }
    if (seq == 1 && c->st == INV) {
        if (code >= 300) {
            c->st = FAIL;
            failed++;
            if (failed <= 3)
                fprintf(stderr, "%.60s\n", b);
            if (method[0] == 'I')
                req(i, "ACK", 1);
            return;
        }
        if (method[0] != 'I') {
            c->st = DONE;
            lat[done++] = t - c->t0;
            return;
        }
        learn(c, b, b + n);
        lat[up++] = t - c->t0;
        c->st = UP;
        req(i, "ACK", 1);
        if (hold < 0)
            bye(i, t);
    } else if (seq == 1 && method[0] == 'I' && c->st >= UP) {
        dup200++;
        req(i, "ACK", 1);
    } else if (seq == 2 && c->st == BYE) {
        if (code < 300) {
            c->st = DONE;
            done++;
        } else {
            c->st = FAIL;
            failed++;
            if (failed <= 3)
                fprintf(stderr, "%.60s\n", b);
        }
    }
}

int main(int argc, char **argv)
{
    int c;
    long win = 64;
    double rate = 0;
    while ((c = getopt(argc, argv, "t:n:w:r:H:m:u:")) != -1)
        switch (c) {
        case 't':
            tport = atoi(optarg);
            break;
        case 'n':
            N = atol(optarg);
            break;
        case 'w':
            win = atol(optarg);
            break;
        case 'r':
            rate = atof(optarg);
            break;
        case 'H':
            hold = atoi(optarg);
            break;
        case 'm':
            method = optarg;
            break;
        case 'u':
            user = optarg;
            break;
        default:
            return 2;
        }
    if (N < 1 || N > 2000000)
        return 2;
    int sz = 4 << 20;
    socklen_t al = sizeof dst;
    s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &sz, sizeof sz);
    dst.sin_family = AF_INET;
    dst.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (struct sockaddr *)&dst, sizeof dst))
        return 1;
    getsockname(s, (struct sockaddr *)&dst, &al);
    lport = ntohs(dst.sin_port);
    dst.sin_port = htons((uint16_t)tport);
    pid = ((unsigned)time(NULL) << 16 | ((unsigned)getpid() & 0xffff)) & 0x7fffffff;
    C = calloc((size_t)N, sizeof *C);
    lat = calloc((size_t)N, sizeof *lat);
    sdplen = sprintf(sdp, "v=0\r\no=alice 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 "
                          "127.0.0.1\r\nt=0 0\r\n"
                          "m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 "
                          "PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n");
    for (int i = 0; i < MAXB; i++) {
        vi[i].iov_base = in[i];
        vi[i].iov_len = SZ - 1;
        mi[i].msg_hdr.msg_iov = &vi[i];
        mi[i].msg_hdr.msg_iovlen = 1;
        mo[i].msg_hdr.msg_iov = &vo[i];
        mo[i].msg_hdr.msg_iovlen = 1;
        mo[i].msg_hdr.msg_name = &dst;
        mo[i].msg_hdr.msg_namelen = sizeof dst;
    }
    double t0 = now(), scan = t0, t = t0, upat = 0, lastdone = t0;
    long lo = 0, byed = 0, prog = 0;
    while (done + failed < N) {
        t = now();
        if (t - t0 > 300)
            break;
        long due = rate > 0 ? (long)(rate * (t - t0)) + 1 : done + failed + win;
        if (hold >= 0 && rate <= 0)
            due = up + failed + win;
        for (int k = 0; started < N && started < due && k < 256; k++)
            start(started, t);
        if (hold >= 0 && up + failed >= N) {
            if (!upat) {
                upat = t;
                printf("UP %ld calls after %.2f s\n", up, t - t0);
                fflush(stdout);
            }
            if (t - upat > hold) {
                for (int k = 0; byed < N && byed < done + failed + 64 && k < 64; byed++, k++)
                    if (C[byed].st == UP)
                        bye(byed, t);
            }
        }
        flush();
        int n = recvmmsg(s, mi, MAXB, 0, NULL);
        for (int i = 0; i < n; i++)
            reply(in[i], mi[i].msg_len, t);
        flush();
        if (n <= 0) {
            struct pollfd p = { s, POLLIN, 0 };
            struct timespec ts = { 0, 500000 };
            ppoll(&p, 1, &ts, NULL);
        }
        if (done + failed + up != prog) {
            prog = done + failed + up;
            lastdone = t;
        }
        if (t - scan > 0.1) {
            scan = t;
            while (lo < started && C[lo].st >= DONE)
                lo++;
            for (long i = lo; i < started; i++) {
                struct call *k = &C[i];
                if (k->st != INV && k->st != BYE)
                    continue;
                if (t - k->tx > 32) {
                    k->st = FAIL;
                    failed++;
                    continue;
                }
                if (t - k->tx > k->next && !(k->st == INV && k->prov && method[0] == 'I')) {
                    k->next += k->next;
                    retr++;
                    req(i, k->st == INV ? method : "BYE", k->st == INV ? 1 : 2);
                }
            }
        }
    }
    double el = lastdone - t0;
    long nl = method[0] == 'I' ? up : done;
    qsort(lat, (size_t)nl, sizeof *lat, dcmp);
    printf("blast: done %ld failed %ld retrans %ld dup200 %ld cps %.0f p50 %.3f ms p99 %.3f ms\n",
           done, failed, retr, dup200, done / el, nl ? lat[nl / 2] * 1e3 : 0,
           nl ? lat[nl * 99 / 100] * 1e3 : 0);
    return failed != 0 || done < N;
}
