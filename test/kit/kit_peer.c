/* SPDX-License-Identifier: MIT */
/* Role: a scripted SIP peer: its inbox, its dialogs, and the messages that it writes.
 * Thread: the test's. */
#include <stdlib.h>

#include "test/kit/kit_priv.h"

const char peal__test_sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
                              "t=0 0\r\nm=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

void peal__test_token(peal_test_net *net, peal__test_text *ret)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    uint64_t number = peal_test_net_random(net);
    for (int i = 0; i < 12; ++i, number >>= 5) {
        peal__test_add(ret, peal_str_of(&letters[number & 31], 1));
    }
}

void peal__test_host_port(const peal_socket_addr *address, bool with_port, peal__test_text *ret)
{
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    (void)peal_socket_addr_format(address, with_port, text);
    peal__test_addf(ret, "%s", text);
}

/* ---- the inbox ---- */

static uint64_t hash_of(peal_str bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.n; ++i) {
        hash = (hash ^ (unsigned char)bytes.p[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The same bytes again are a retransmission, of which scripts don't hear. */
static bool is_repeated(peal__test_peer *peer, peal_str bytes)
{
    uint64_t hash = hash_of(bytes);
    size_t kept =
        peer->seen_count < PEAL__TEST_SEEN_MAX ? peer->seen_count : PEAL__TEST_SEEN_MAX;
    for (size_t i = 0; i < kept; ++i) {
        if (peer->seen[i] == hash) {
            return true;
        }
    }
    peer->seen[peer->seen_count++ % PEAL__TEST_SEEN_MAX] = hash;
    return false;
}

static void on_datagram(peal__test_ear *self, const peal_socket_addr *from, peal_str bytes)
{
    peal__test_peer *peer = PEAL_CONTAINER_OF(self, peal__test_peer, ear);
    if (is_repeated(peer, bytes)) {
        return;
    }
    peal__test_message *message = peal__test_alloc(sizeof *message + bytes.n + 1);
    peal__test_message **last = &peer->inbox;
    memcpy(message->data, bytes.p, bytes.n);
    message->bytes = bytes.n;
    message->from = *from;
    while (*last) {
        last = &(*last)->next;
    }
    *last = message;
}

/* ---- life ---- */

peal__test_peer *peal__test_peer_new(peal_test_net *net, const char *name, bool v6)
{
    peal__test_peer *peer = peal__test_alloc(sizeof *peer);
    peer->name = peal__test_copy(peal_str_z(name));
    peer->ear.on_datagram = on_datagram;
    if (peal__test_listen(net, name, v6, &peer->ear) < 0) {
        free(peer->name);
        free(peer);
        return NULL;
    }
    return peer;
}

static void free_messages(peal__test_message *messages)
{
    while (messages) {
        peal__test_message *next = messages->next;
        free(messages);
        messages = next;
    }
}

static void dialog_free(peal__test_dialog *d)
{
    char *const texts[] = { d->name,   d->call_id,    d->local,  d->local_tag, d->remote,
                            d->target, d->remote_tag, d->sent, d->final };
    for (size_t i = 0; i < PEAL_COUNT_OF(texts); ++i) {
        free(texts[i]);
    }
    free_messages(d->requests);
    free(d);
}

void peal__test_peer_free(peal__test_peer *peer)
{
    peal__test_hang_up(&peer->ear);
    while (peer->dialogs) {
        peal__test_dialog *next = peer->dialogs->next;
        dialog_free(peer->dialogs);
        peer->dialogs = next;
    }
    free_messages(peer->inbox);
    free(peer->last.p);
    free(peer->name);
    free(peer);
}

peal_result peal__test_peer_send(peal__test_peer *peer, const peal_socket_addr *to, peal_str text)
{
    peal__test_text kept = { NULL, 0, 0 };
    peal__test_add(&kept, text);
    free(peer->last.p);
    peer->last = kept;
    peer->last_to = *to;
    return peal__test_say(&peer->ear, to, peal__test_str(&peer->last));
}

/* ---- dialogs ---- */

static void put(char **slot, peal_str text)
{
    char *copy = peal__test_copy(text);
    free(*slot);
    *slot = copy;
}

peal__test_dialog *peal__test_dialog_find(peal__test_peer *peer, peal_str name)
{
    peal__test_dialog *d = peer->dialogs;
    while (d && !peal_str_eq(peal_str_z(d->name), name)) {
        d = d->next;
    }
    return d;
}

peal__test_dialog *peal__test_dialog_new(peal__test_peer *peer, peal_str name)
{
    for (peal__test_dialog **link = &peer->dialogs; *link; link = &(*link)->next) {
        if (peal_str_eq(peal_str_z((*link)->name), name)) {
            peal__test_dialog *old = *link;
            *link = old->next;
            dialog_free(old);
            break;
        }
    }
    peal__test_dialog *d = peal__test_alloc(sizeof *d);
    peal__test_text tag = { NULL, 0, 0 };
    peal__test_token(peer->ear.net, &tag);
    d->name = peal__test_copy(name);
    d->local_tag = tag.p;
    d->next = peer->dialogs;
    peer->dialogs = d;
    return d;
}

static peal_str without_tag(peal_str value)
{
    peal_str tag = peal__test_tag(value);
    return tag.n ? peal_str_of(value.p, (size_t)(tag.p - value.p) - 5) : value;
}

/* Where a URI leads: its host must be numeric. */
static bool address_of(peal_str uri, peal_socket_addr *ret)
{
    const char *at = uri.n ? memchr(uri.p, '@', uri.n) : NULL;
    const char *colon = uri.n ? memchr(uri.p, ':', uri.n) : NULL;
    if (!colon) {
        return false;
    }
    const char *start = (at ? at : colon) + 1;
    peal_str host = peal_str_of(start, (size_t)(uri.p + uri.n - start));
    for (size_t i = 0; i < host.n; ++i) {
        if (host.p[i] == ';' || host.p[i] == '?') {
            host.n = i;
        }
    }
    uint64_t port = 5060;
    size_t n = host.n;
    while (n && host.p[n - 1] >= '0' && host.p[n - 1] <= '9') {
        --n;
    }
    if (n && host.p[n - 1] == ':' && n < host.n && (host.p[0] != '[' || host.p[n - 2] == ']')) {
        if (peal_str_to_u64(peal_str_of(host.p + n, host.n - n), 65535, &port) < 0) {
            return false;
        }
        host.n = n - 1;
    }
    return peal_socket_addr_parse(host, (uint16_t)port, ret) >= 0;
}

static void learn_target(peal__test_dialog *d, peal_str message)
{
    peal_str contact = peal__test_header(message, PEAL_STR("Contact"), 0);
    peal_str uri = peal__test_uri(contact);
    if (uri.n) {
        put(&d->target, uri);
        (void)address_of(uri, &d->to);
    }
}

static void learn_request(peal__test_dialog *d, peal__test_message *message)
{
    peal_str text = peal__test_message_str(message);
    peal_str from = peal__test_header(text, PEAL_STR("From"), 0);
    peal_str to = peal__test_header(text, PEAL_STR("To"), 0);
    if (!d->call_id) { /* the callee's side begins */
        put(&d->call_id, peal__test_header(text, PEAL_STR("Call-ID"), 0));
        put(&d->local, without_tag(to));
        put(&d->remote, without_tag(from));
        put(&d->remote_tag, peal__test_tag(from));
        d->to = message->from;
        d->cseq = 100;
    }
    learn_target(d, text);
    message->next = d->requests;
    d->requests = message;
}

static void learn_response(peal__test_dialog *d, peal_str text)
{
    unsigned status = peal__test_status(text);
    if (status > 100 && peal_str_eq(peal__test_method(text), PEAL_STR("INVITE"))) {
        peal_str tag = peal__test_tag(peal__test_header(text, PEAL_STR("To"), 0));
        if (tag.n && status < 300) {
            put(&d->remote_tag, tag);
            learn_target(d, text);
        }
        if (status >= 200) {
            put(&d->final, text);
        }
    }
}

peal__test_dialog *peal__test_dialog_take(peal__test_peer *peer, peal__test_message *message,
                                          peal_str name)
{
    peal_str text = peal__test_message_str(message);
    peal_str call_id = peal__test_header(text, PEAL_STR("Call-ID"), 0);
    peal__test_dialog *d = peer->dialogs;
    while (d && !(d->call_id && peal_str_eq(peal_str_z(d->call_id), call_id))) {
        d = d->next;
    }
    if (peal__test_status(text)) {
        if (d) {
            learn_response(d, text);
        }
        free(message);
    } else {
        d = d ? d : peal__test_dialog_new(peer, name);
        learn_request(d, message);
    }
    if (d) {
        peer->current = d;
    }
    return d;
}

peal__test_message *peal__test_dialog_request(peal__test_dialog *dialog, peal_str method)
{
    for (peal__test_message *m = dialog->requests; m; m = m->next) {
        peal_str own = peal__test_method(peal__test_message_str(m));
        if (method.n ? peal_str_eq(own, method) : !peal_str_eq(own, PEAL_STR("ACK"))) {
            return m;
        }
    }
    return NULL;
}

/* ---- writing ---- */

/* The block says something about this header: its own line, or that it is left out. */
static bool is_replaced(const peal__test_block *block, const char *name)
{
    peal_str lines = block->lines;
    for (peal_str line; (line = peal__test_line(&lines)).p;) {
        size_t at = line.n && *line.p == '-' ? 1 : 0;
        const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
        size_t end = colon && !at ? (size_t)(colon - line.p) : line.n;
        if (peal__test_same_name(peal__test_trim(peal_str_of(line.p + at, end - at)),
                                 peal_str_z(name))) {
            return true;
        }
    }
    return false;
}

static void add_header(peal__test_text *ret, const peal__test_block *block, const char *name,
                       peal_str value)
{
    if (!is_replaced(block, name)) {
        peal__test_addf(ret, "%s: %.*s\r\n", name, PEAL_STR_ARG(value));
    }
}

static void add_headerf(peal__test_text *ret, const peal__test_block *block, const char *name,
                        const char *a, const char *b, const char *c)
{
    peal__test_text value = { NULL, 0, 0 };
    peal__test_addf(&value, "%s%s%s", a, b, c);
    add_header(ret, block, name, peal__test_str(&value));
    free(value.p);
}

static void add_rest(peal__test_text *ret, const peal__test_block *block, bool wants_sdp)
{
    peal_str lines = block->lines;
    peal_str body = block->has_body  ? block->body
                    : wants_sdp && !block->is_bare ? peal_str_z(peal__test_sdp)
                                                   : peal_str_of("", 0);
    for (peal_str line; (line = peal__test_line(&lines)).p;) {
        if (line.n && *line.p != '-') {
            size_t more = *line.p == '+';
            peal__test_addf(ret, "%.*s\r\n", (int)(line.n - more), line.p + more);
        }
    }
    if (body.n) {
        add_header(ret, block, "Content-Type", PEAL_STR("application/sdp"));
    }
    if (!is_replaced(block, "Content-Length")) {
        peal__test_addf(ret, "Content-Length: %zu\r\n", body.n);
    }
    peal__test_add(ret, PEAL_STR("\r\n"));
    peal__test_add(ret, body);
}

static char *contact_of(const peal__test_peer *peer)
{
    peal__test_text text = { NULL, 0, 0 };
    peal__test_addf(&text, "sip:%s@", peer->name);
    peal__test_host_port(&peer->ear.address, true, &text);
    return text.p;
}

static peal_str line_of(const peal__test_block *block, const char *name)
{
    peal__test_text message = { NULL, 0, 0 };
    peal__test_addf(&message, "block\n%.*s", PEAL_STR_ARG(block->lines));
    peal_str value = peal__test_header(peal__test_str(&message), peal_str_z(name), 0);
    if (value.p) { /* the same place in the block itself */
        value.p = block->lines.p + (value.p - message.p) - 6;
    }
    free(message.p);
    return value;
}

static void complete(peal__test_peer *peer, peal__test_dialog *d, const peal__test_block *block,
                     const char *contact)
{
    if (!d->call_id) {
        peal__test_text id = { NULL, 0, 0 }, local = { NULL, 0, 0 };
        peal_str given = line_of(block, "Call-ID"), from = line_of(block, "From");
        if (given.n) {
            peal__test_add(&id, given);
        } else {
            peal__test_token(peer->ear.net, &id);
        }
        if (from.n && peal__test_tag(from).n) {
            put(&d->local_tag, peal__test_tag(from));
        }
        d->call_id = id.p;
        peal__test_addf(&local, "<%s>", contact);
        d->local = local.p;
    }
    if (!d->target) {
        peal__test_text target = { NULL, 0, 0 };
        peal__test_add(&target, PEAL_STR("sip:bob@"));
        peal__test_host_port(&d->to, true, &target);
        d->target = target.p;
    }
    if (!d->remote) {
        peal__test_text remote = { NULL, 0, 0 };
        peal__test_addf(&remote, "<%s>", d->target);
        d->remote = remote.p;
    }
}

/* CANCEL and the ACK of a refusal belong to the INVITE's transaction: URI, branch, To and number
 * are its (RFC 3261 §9.1, §17.1.1.3). */
static bool is_of_invite(const peal__test_dialog *d, peal_str method)
{
    bool is_refused = d->final && peal__test_status(peal_str_z(d->final)) >= 300;
    return d->sent && (peal_str_eq(method, PEAL_STR("CANCEL")) ||
                       (peal_str_eq(method, PEAL_STR("ACK")) && is_refused));
}

static unsigned cseq_for(peal__test_dialog *d, peal_str method)
{
    uint64_t number = 0;
    if (d->sent && (peal_str_eq(method, PEAL_STR("CANCEL")) ||
                    peal_str_eq(method, PEAL_STR("ACK")))) {
        peal_str cseq = peal__test_header(peal_str_z(d->sent), PEAL_STR("CSeq"), 0);
        if (peal_str_to_u64(peal__test_word(&cseq), UINT32_MAX, &number) >= 0) {
            return (unsigned)number;
        }
    }
    return ++d->cseq;
}

static void add_via(peal__test_peer *peer, const peal__test_dialog *d, bool of_invite,
                    const peal__test_block *block, peal__test_text *ret)
{
    peal__test_text via = { NULL, 0, 0 };
    if (of_invite) {
        peal__test_add(&via, peal__test_header(peal_str_z(d->sent), PEAL_STR("Via"), 0));
    } else {
        peal__test_add(&via, PEAL_STR("SIP/2.0/UDP "));
        peal__test_host_port(&peer->ear.address, true, &via);
        peal__test_add(&via, PEAL_STR(";branch=z9hG4bK"));
        peal__test_token(peer->ear.net, &via);
        peal__test_add(&via, PEAL_STR(";rport"));
    }
    add_header(ret, block, "Via", peal__test_str(&via));
    free(via.p);
}

static void add_to(const peal__test_dialog *d, bool of_invite, peal_str method,
                   const peal__test_block *block, peal__test_text *ret)
{
    if (of_invite && peal_str_eq(method, PEAL_STR("CANCEL"))) {
        add_header(ret, block, "To", peal__test_header(peal_str_z(d->sent), PEAL_STR("To"), 0));
    } else if (of_invite) {
        add_header(ret, block, "To", peal__test_header(peal_str_z(d->final), PEAL_STR("To"), 0));
    } else {
        bool has_tag = d->remote_tag && *d->remote_tag;
        add_headerf(ret, block, "To", d->remote, has_tag ? ";tag=" : "",
                    has_tag ? d->remote_tag : "");
    }
}

void peal__test_build_request(peal__test_peer *peer, peal__test_dialog *d, peal_str method,
                              const peal__test_block *block, peal__test_text *ret)
{
    const bool is_invite = peal_str_eq(method, PEAL_STR("INVITE"));
    const bool of_invite = is_of_invite(d, method);
    char *contact = contact_of(peer);
    complete(peer, d, block, contact);
    peal_str uri = peal_str_z(d->target);
    if (of_invite) {
        uri = peal_str_z(d->sent);
        (void)peal__test_word(&uri);
        uri = peal__test_word(&uri);
    }
    peal__test_addf(ret, "%.*s %.*s SIP/2.0\r\n", PEAL_STR_ARG(method), PEAL_STR_ARG(uri));
    add_via(peer, d, of_invite, block, ret);
    add_header(ret, block, "Max-Forwards", PEAL_STR("70"));
    add_headerf(ret, block, "From", d->local, ";tag=", d->local_tag);
    add_to(d, of_invite, method, block, ret);
    add_headerf(ret, block, "Call-ID", d->call_id, "", "");
    peal__test_text cseq = { NULL, 0, 0 };
    peal__test_addf(&cseq, "%u %.*s", cseq_for(d, method), PEAL_STR_ARG(method));
    add_header(ret, block, "CSeq", peal__test_str(&cseq));
    free(cseq.p);
    if (is_invite) {
        add_headerf(ret, block, "Contact", "<", contact, ">");
    }
    add_rest(ret, block, is_invite);
    if (is_invite) {
        put(&d->sent, peal__test_str(ret));
        free(d->final);
        d->final = NULL;
    }
    free(contact);
}

void peal__test_build_response(peal__test_peer *peer, peal__test_dialog *d, peal_str request,
                               unsigned status, peal_str reason, peal_str tag,
                               const peal__test_block *block, peal__test_text *ret)
{
    const bool is_invite = peal_str_eq(peal__test_method(request), PEAL_STR("INVITE"));
    static const char *const copied[] = { "From", "Call-ID", "CSeq" };
    peal_str to = peal__test_header(request, PEAL_STR("To"), 0);
    peal__test_addf(ret, "SIP/2.0 %u %.*s\r\n", status, PEAL_STR_ARG(reason));
    for (size_t i = 0; !is_replaced(block, "Via"); ++i) {
        peal_str via = peal__test_header(request, PEAL_STR("Via"), i);
        if (!via.p) {
            break;
        }
        peal__test_addf(ret, "Via: %.*s\r\n", PEAL_STR_ARG(via));
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(copied); ++i) {
        add_header(ret, block, copied[i], peal__test_header(request, peal_str_z(copied[i]), 0));
    }
    if (tag.n) {
        put(&d->local_tag, tag);
    }
    peal__test_text value = { NULL, 0, 0 };
    peal__test_add(&value, to);
    if (!peal__test_tag(to).n && status > 100) {
        peal__test_addf(&value, ";tag=%s", d->local_tag);
    }
    add_header(ret, block, "To", peal__test_str(&value));
    free(value.p);
    if (is_invite && status > 100 && status < 300) {
        char *contact = contact_of(peer);
        add_headerf(ret, block, "Contact", "<", contact, ">");
        free(contact);
    }
    add_rest(ret, block, is_invite && status >= 200 && status < 300);
}
