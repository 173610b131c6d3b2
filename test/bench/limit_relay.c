/* SPDX-License-Identifier: MIT */
/* The physical limit of a proxy or B2BUA: moves each datagram from the caller
 * to the callee and back unread, and answers each INVITE with a 100 of its own (-n: not),
 * as a B2BUA or stateful proxy must.  limit-relay [-p PORT] [-t CALLEE_PORT] [-b BATCH] [-n] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#define MAXB 64
#define SZ 4096
static char in[MAXB][SZ];
static struct mmsghdr m[MAXB];
static struct iovec v[MAXB];
static struct sockaddr_in ad[MAXB];

int main(int argc, char **argv)
{
    int c, batch = MAXB, port = 5060, tp = 5090, sz = 4 << 20, trying = 1;
    while ((c = getopt(argc, argv, "p:t:b:n")) != -1) {
        if (c == 'p')
            port = atoi(optarg);
        else if (c == 't')
            tp = atoi(optarg);
        else if (c == 'b')
            batch = atoi(optarg);
        else if (c == 'n')
            trying = 0;
    }
    if (batch < 1 || batch > MAXB)
        batch = MAXB;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in t = a, caller = a;
    t.sin_port = htons((uint16_t)tp);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &sz, sizeof sz);
    if (bind(s, (struct sockaddr *)&a, sizeof a)) {
        perror("bind");
        return 1;
    }
    for (int i = 0; i < MAXB; i++) {
        v[i].iov_base = in[i];
        m[i].msg_hdr.msg_iov = &v[i];
        m[i].msg_hdr.msg_iovlen = 1;
        m[i].msg_hdr.msg_name = &ad[i];
    }
    for (;;) {
        for (int i = 0; i < batch; i++) {
            m[i].msg_hdr.msg_namelen = sizeof ad[i];
            v[i].iov_len = SZ;
        }
        int n = recvmmsg(s, m, (unsigned)batch, MSG_WAITFORONE, NULL);
        if (n <= 0)
            continue;
        for (int i = 0; i < n; i++) {
            v[i].iov_len = m[i].msg_len;
            if (ad[i].sin_port == t.sin_port)
                ad[i] = caller;
            else {
                char *eol = in[i][0] == 'I' ? memchr(in[i], '\r', m[i].msg_len) : NULL;
                if (trying && eol) {
                    struct iovec o[2] = { { "SIP/2.0 100 Trying", 18 },
                                          { eol, m[i].msg_len - (size_t)(eol - in[i]) } };
                    struct msghdr h = { .msg_name = &ad[i],
                                        .msg_namelen = sizeof ad[i],
                                        .msg_iov = o,
                                        .msg_iovlen = 2 };
                    sendmsg(s, &h, 0);
                }
                caller = ad[i];
                ad[i] = t;
            }
        }
        for (int i = 0; i < n;) {
            int k = sendmmsg(s, m + i, (unsigned)(n - i), 0);
            if (k <= 0)
                break;
            i += k;
        }
    }
}
