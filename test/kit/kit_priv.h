/* SPDX-License-Identifier: MIT */
/* Role: what the files of the test kit share. Its own memory is the C library's, so that it neither
 * shows up among Peal's blocks nor fails with them. */
#ifndef PEAL_TEST_KIT_KIT_PRIV_H
#define PEAL_TEST_KIT_KIT_PRIV_H

#include <peal/test/script.h>

/* ---- memory that is there, or the process ends (kit_text.c) ---- */

void *peal__test_alloc(size_t bytes);
void *peal__test_grow(void *block, size_t bytes);
char *peal__test_copy(peal_str text);

/** Text that grows; zeroed: empty. */
typedef struct peal__test_text {
    char *p; /**< ends with NUL; NULL before the first byte */
    size_t n, room;
} peal__test_text;
void peal__test_add(peal__test_text *text, peal_str more);
void peal__test_addf(peal__test_text *text, const char *format, ...) PEAL_PRINTF(2, 3);
PEAL_INLINE peal_str peal__test_str(const peal__test_text *text)
{
    return peal_str_of(text->p ? text->p : "", text->n);
}

/* ---- words and lines ---- */

/** Takes the first word (or quoted text) of a line off; absent at its end. */
peal_str peal__test_word(peal_str *line);
/** Takes the first line off, without its end; absent when nothing is left. */
peal_str peal__test_line(peal_str *text);
peal_str peal__test_trim(peal_str s);
bool peal__test_starts(peal_str s, const char *start);

/* ---- SIP messages as text ---- */

/** The start line. */
peal_str peal__test_start(peal_str message);
/** The method of a request, the CSeq's of a response. */
peal_str peal__test_method(peal_str message);
/** The status of a response; 0: a request. */
unsigned peal__test_status(peal_str message);
/** The n-th value of a header, from 0, by its long or compact name; absent: there is none. */
peal_str peal__test_header(peal_str message, peal_str name, size_t n);
/** The tag parameter of a From or To value; empty: none. */
peal_str peal__test_tag(peal_str value);
/** The URI of a name-addr or addr-spec. */
peal_str peal__test_uri(peal_str value);
/** What follows the empty line. */
peal_str peal__test_body(peal_str message);
/** Two header names are the same one. */
bool peal__test_same_name(peal_str a, peal_str b);

/* ---- variables and patterns (kit_vars.c) ---- */

typedef struct peal__test_var {
    char *name, *value;
} peal__test_var;
typedef struct peal__test_vars {
    peal__test_var *items;
    size_t count;
} peal__test_vars;
void peal__test_set(peal__test_vars *vars, peal_str name, peal_str value);
const char *peal__test_get(const peal__test_vars *vars, peal_str name);
void peal__test_vars_fini(peal__test_vars *vars);
/** Appends text with its variables replaced. @p net gives [token]. @return NULL, or the name of a
 * variable that is not set (free() it) */
char *peal__test_expand(peal_test_net *net, const peal__test_vars *vars, peal_str text,
                        peal__test_text *ret);
/** Text matches a pattern; what stands at [name=] is set when it does. */
bool peal__test_matches(peal__test_vars *vars, peal_str pattern, peal_str text);

/* ---- the network (kit_network.c) ---- */

/** A socket that is read whenever the network runs. */
typedef struct peal__test_ear {
    peal_sock_owner owner;
    struct peal__test_ear *next;
    peal_test_net *net;
    peal_port *port;
    peal_loop *loop; /**< its host's, simulated; else the net's */
    peal_sock *sock;
    peal_socket_addr address;
    /** Something came; the bytes are borrowed. */
    void (*on_datagram)(struct peal__test_ear *self, const peal_socket_addr *from, peal_str bytes);
} peal__test_ear;
/** Opens it on the host of this name. @return PEAL_OK, or what the port said */
peal_result peal__test_listen(peal_test_net *net, const char *host, bool v6, peal__test_ear *ear);
void peal__test_hang_up(peal__test_ear *ear);
peal_result peal__test_say(peal__test_ear *ear, const peal_socket_addr *to, peal_str bytes);

/* ---- peers (kit_peer.c) ---- */

/** How far back a peer knows a message again. */
enum { PEAL__TEST_SEEN_MAX = 4096 };

typedef struct peal__test_message {
    struct peal__test_message *next;
    peal_socket_addr from;
    size_t bytes;
    char data[]; /**< and a NUL */
} peal__test_message;
PEAL_INLINE peal_str peal__test_message_str(const peal__test_message *message)
{
    return peal_str_of(message->data, message->bytes);
}

/** A peer's side of a dialog. Texts are NULL until known. */
typedef struct peal__test_dialog {
    struct peal__test_dialog *next;
    char *name, *call_id, *local, *local_tag, *remote, *remote_tag, *target;
    peal_socket_addr to; /**< where requests go */
    unsigned cseq;
    char *sent;      /**< the last INVITE */
    char *final;     /**< the last final response to an INVITE */
    peal__test_message *requests; /**< received, the last one of each method first */
} peal__test_dialog;

typedef struct peal__test_peer {
    peal__test_ear ear;
    struct peal__test_peer *next;
    char *name;
    peal__test_dialog *dialogs, *current;
    peal__test_message *inbox; /**< oldest first */
    uint64_t seen[PEAL__TEST_SEEN_MAX]; /**< hashes of what came last */
    size_t seen_count;                  /**< ever */
    peal__test_text last; /**< sent */
    peal_socket_addr last_to;
} peal__test_peer;

peal__test_peer *peal__test_peer_new(peal_test_net *net, const char *name, bool v6);
void peal__test_peer_free(peal__test_peer *peer);
peal_result peal__test_peer_send(peal__test_peer *peer, const peal_socket_addr *to, peal_str text);
/** The dialog of this name; NULL: none. */
peal__test_dialog *peal__test_dialog_find(peal__test_peer *peer, peal_str name);
/** A new dialog in the place of the old one of this name. */
peal__test_dialog *peal__test_dialog_new(peal__test_peer *peer, peal_str name);
/** The dialog that a message just taken from the inbox belongs to, made when it is a request out of
 * none; learns from it. NULL: it belongs to none. */
peal__test_dialog *peal__test_dialog_take(peal__test_peer *peer, peal__test_message *message,
                                          peal_str name);
/** The last request received with this method (empty: any but ACK); NULL: none. */
peal__test_message *peal__test_dialog_request(peal__test_dialog *dialog, peal_str method);

/** What stands in the block of a command: headers in other places, left out, body. */
typedef struct peal__test_block {
    peal_str lines; /**< expanded; the header lines */
    peal_str body;
    bool has_body, is_bare;
} peal__test_block;
/** Builds a request of a dialog, which is filled in as far as it is new. */
void peal__test_build_request(peal__test_peer *peer, peal__test_dialog *dialog, peal_str method,
                              const peal__test_block *block, peal__test_text *ret);
/** Builds a response. */
void peal__test_build_response(peal__test_peer *peer, peal__test_dialog *dialog, peal_str request,
                               unsigned status, peal_str reason, peal_str tag,
                               const peal__test_block *block, peal__test_text *ret);
extern const char peal__test_sdp[];
/** A random word. */
void peal__test_token(peal_test_net *net, peal__test_text *ret);
/** host:port with IPv6 in brackets, or the host alone. */
void peal__test_host_port(const peal_socket_addr *address, bool with_port, peal__test_text *ret);

#endif
