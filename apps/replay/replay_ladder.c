/* SPDX-License-Identifier: MIT */
/* Draws SIP messages as a ladder: one column for each peer, in the order in which they appear, the
 * program between the first and the others. */
#include "apps/replay/replay_priv.h"
#include <stdio.h>

enum { PEERS_MAX = 4, COLUMN = 28, LABEL = 24 };

static struct ladder {
    peal_socket_addr peers[PEERS_MAX]; /* the last one stands for all further ones */
    int count;
    uint64_t start_ns;
} ladder;

static int peer_of(const peal_socket_addr *peer)
{
    int i = 0;
    while (i < ladder.count && !peal_socket_addr_eq(&ladder.peers[i], peer, true)) {
        i++;
    }
    if (i == ladder.count && i < PEERS_MAX) {
        ladder.peers[ladder.count++] = *peer;
    }
    return i < PEERS_MAX ? i : PEERS_MAX - 1;
}

/* "INVITE" or "200 OK (INVITE)". */
static void label(peal_str message, char to[LABEL + 1])
{
    const char *end = message.p + message.n;
    const char *line_end = memchr(message.p, '\r', message.n);
    const char *first_end = memchr(message.p, ' ', message.n);
    line_end = line_end ? line_end : end;
    if (!first_end || first_end > line_end) {
        first_end = line_end;
    }
    peal_str word = peal_str_of(message.p, (size_t)(first_end - message.p));
    if (peal_str_eq(word, PEAL_STR("SIP/2.0")) && first_end < line_end) {
        word = peal_str_of(first_end + 1, (size_t)(line_end - first_end - 1));
    }
    (void)snprintf(to, LABEL + 1, "%.*s", (int)(word.n < LABEL ? word.n : LABEL), word.p);
    for (char *p = to; *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '.';
        }
    }
}

static void dashes(int n)
{
    while (n-- > 0) {
        (void)putchar('-');
    }
}

static void arrow(const char *text, bool to_right, int columns)
{
    int room = columns * COLUMN - 2 - (int)strlen(text) - 3;
    (void)putchar(to_right ? '-' : '<');
    dashes(room / 2);
    printf(" %s ", text);
    dashes(room - room / 2);
    (void)putchar(to_right ? '>' : '-');
}

static void gap(int columns)
{
    for (int i = 0; i < columns; i++) {
        printf("|%*s", COLUMN - 1, "");
    }
}

static void head(int peer)
{
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    (void)peal_socket_addr_format(&ladder.peers[peer], true, text);
    printf("%14scolumn %d: %s%s\n", "", peer == 0 ? 1 : peer + 2, text,
           peer == PEERS_MAX - 1 ? " and others" : peer == 0 ? ", column 2: the program" : "");
}

void peal__ladder_draw(void *arg, const peal_replay_event *event)
{
    char text[LABEL + 1];
    bool is_sent = strcmp(event->what, "sent") == 0;
    (void)arg;
    if ((!is_sent && strcmp(event->what, "received") != 0) || event->bytes.n < 5) {
        return;
    }
    int known = ladder.count;
    int peer = peer_of(&event->peer);
    if (ladder.count > known) {
        head(peer);
    }
    if (!ladder.start_ns) {
        ladder.start_ns = event->time_ns;
    }
    label(event->bytes, text);
    printf("%10.1f ms ", (double)(event->time_ns - ladder.start_ns) / 1e6);
    if (peer == 0) {
        (void)putchar('|');
        arrow(text, !is_sent, 1);
    } else {
        gap(1);
        (void)putchar('|');
        arrow(text, is_sent, peer);
    }
    printf("|  #%llu %s\n", (unsigned long long)event->number, event->thread);
}
