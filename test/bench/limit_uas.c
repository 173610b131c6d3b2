/* SPDX-License-Identifier: MIT */
/* The physical limit of a UAS: a stateless responder that copies header lines
 * found with memchr and keeps nothing.  INVITE -> 180 + 200(SDP), ACK -> none,
 * any other request -> 200.  limit-uas [-p PORT] [-b BATCH]  (1: recvfrom/sendto) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAXB 64
#define SZ 4096
static char in[MAXB][SZ], out[2 * MAXB][SZ];
static struct mmsghdr mi[MAXB], mo[2 * MAXB];
static struct iovec vi[MAXB], vo[2 * MAXB];
static struct sockaddr_in ai[MAXB];
static int nout, port = 5060;
static char contact[128], sdp[512];
static int sdplen;

static void answer(const char *b, size_t n, const struct sockaddr_in *to, int code,
                   const char *reason, int body)
{
    char *o = out[nout], *w = o;
    const char *p = memchr(b, '\n', n), *e = b + n, *q;
    w += sprintf(w, "SIP/2.0 %d %s\r\n", code, reason);
    for (p = p ? p + 1 : e; p < e && (q = memchr(p, '\n', (size_t)(e - p))); p = q + 1) {
        size_t l = (size_t)(q + 1 - p);
        if (l <= 2)
            break;
        if ((size_t)(w - o) + l > SZ - 1024)
            return;
        if (!strncasecmp(p, "Via:", 4) || !strncasecmp(p, "From:", 5) ||
            !strncasecmp(p, "Call-ID:", 8) || !strncasecmp(p, "CSeq:", 5) ||
            !strncasecmp(p, "Record-Route:", 13)) {
            memcpy(w, p, l);
            w += l;
        } else if (!strncasecmp(p, "To:", 3)) {
            memcpy(w, p, l);
            w += l;
            if (!memmem(p, l, ";tag=", 5)) {
                memcpy(w - 2, ";tag=lim\r\n", 10);
                w += 8;
            }
        }
    }
    w = stpcpy(w, contact);
    if (body) {
        w += sprintf(w, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n", sdplen);
        memcpy(w, sdp, (size_t)sdplen);
        w += sdplen;
    } else
        w = stpcpy(w, "Content-Length: 0\r\n\r\n");
    vo[nout].iov_base = o;
    vo[nout].iov_len = (size_t)(w - o);
    memset(&mo[nout].msg_hdr, 0, sizeof mo[nout].msg_hdr);
    mo[nout].msg_hdr.msg_iov = &vo[nout];
    mo[nout].msg_hdr.msg_iovlen = 1;
    mo[nout].msg_hdr.msg_name = (void *)to;
    mo[nout].msg_hdr.msg_namelen = sizeof *to;
    nout++;
}

int main(int argc, char **argv)
{
    int c, batch = MAXB;
    while ((c = getopt(argc, argv, "p:b:")) != -1) {
        if (c == 'p')
            port = atoi(optarg);
        else if (c == 'b')
            batch = atoi(optarg);
    }
    if (batch < 1 || batch > MAXB)
        batch = MAXB;
    int s = socket(AF_INET, SOCK_DGRAM, 0), sz = 4 << 20;
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &sz, sizeof sz);
    if (bind(s, (struct sockaddr *)&a, sizeof a)) {
        perror("bind");
        return 1;
    }
    sprintf(contact, "Contact: <sip:lim@127.0.0.1:%d>\r\n", port);
    sdplen =
        sprintf(sdp, "v=0\r\no=lim 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                     "m=audio 20002 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 "
                     "telephone-event/8000\r\n");
    for (int i = 0; i < MAXB; i++) {
        vi[i].iov_base = in[i];
        vi[i].iov_len = SZ;
        mi[i].msg_hdr.msg_iov = &vi[i];
        mi[i].msg_hdr.msg_iovlen = 1;
        mi[i].msg_hdr.msg_name = &ai[i];
    }
    for (;;) {
        int n;
        for (int i = 0; i < batch; i++)
            mi[i].msg_hdr.msg_namelen = sizeof ai[i];
        if (batch == 1) {
            socklen_t al = sizeof ai[0];
            ssize_t k = recvfrom(s, in[0], SZ, 0, (struct sockaddr *)&ai[0], &al);
            if (k < 0)
                continue;
            mi[0].msg_len = (unsigned)k;
            n = 1;
        } else if ((n = recvmmsg(s, mi, (unsigned)batch, MSG_WAITFORONE, NULL)) <= 0)
            continue;
        nout = 0;
        for (int i = 0; i < n; i++) {
            char *b = in[i];
            size_t l = mi[i].msg_len;
            if (l < 12 || !memcmp(b, "ACK ", 4) || !memcmp(b, "SIP/", 4))
                continue;
            if (!memcmp(b, "INVITE ", 7)) {
                answer(b, l, &ai[i], 180, "Ringing", 0);
                answer(b, l, &ai[i], 200, "OK", 1);
            } else
                answer(b, l, &ai[i], 200, "OK", 0);
        }
        if (batch == 1)
            for (int i = 0; i < nout; i++)
                sendto(s, vo[i].iov_base, vo[i].iov_len, 0, mo[i].msg_hdr.msg_name, sizeof a);
        else
            for (int i = 0; i < nout;) {
                int k = sendmmsg(s, mo + i, (unsigned)(nout - i), 0);
                if (k <= 0)
                    break;
                i += k;
            }
    }
}
