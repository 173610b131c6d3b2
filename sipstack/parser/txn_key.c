/* SPDX-License-Identifier: MIT */
/* Transaction keys: what tells which transaction a packet belongs to, as bounded text and as a
 * keyed hash. Any thread: transport computes the hash beside decoding, core compares the text. RFC
 * 3261 §17.1.3, §17.2.3. */
#include "sipstack/parser/parser_inner.h"

#include <peal/hash.h>
#include <peal/sip/keys.h>

/* One part of a key. */
typedef struct key_part {
    peal_str text;
    bool fold; /* SIP ignores its case */
} key_part;

bool peal_sip_branch_has_cookie(peal_str branch)
{
    peal_str cookie = PEAL_STR(PEAL_SIP_BRANCH_COOKIE);
    /* The bare cookie identifies nothing (RFC 4475 §3.2.1): such a peer is matched the old way. */
    return branch.n > cookie.n && peal_str_ieq(peal_str_of(branch.p, cookie.n), cookie);
}

static char *hex_u64(char *out, uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4) {
        *out++ = "0123456789abcdef"[(value >> shift) & 15];
    }
    return out;
}

static uint64_t hash_parts(const char *domain, const key_part *parts, size_t count)
{
    peal_hasher h;
    peal_hasher_init(&h);
    peal_hasher_add(&h, peal_str_z(domain));
    for (size_t i = 0; i < count; ++i) {
        if (parts[i].fold) {
            peal_hasher_add_lower(&h, parts[i].text);
        } else {
            peal_hasher_add(&h, parts[i].text);
        }
    }
    return peal_hasher_end(&h);
}

/* ASCII capitals of eight bytes to small letters. */
static uint64_t fold(uint64_t bytes)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t low = bytes & (each * 0x7f);
    uint64_t from_a = low + each * (0x80 - 'A');  /* high bit: at least 'A' */
    uint64_t after_z = low + each * (0x7f - 'Z'); /* high bit: above 'Z' */
    uint64_t is_capital = (from_a ^ after_z) & ~bytes & (each * 0x80);
    return bytes | (is_capital >> 2);
}

static char *copy_part(char *out, const key_part *part)
{
    const char *p = part->text.p;
    size_t left = part->text.n;
    while (part->fold && left) {
        uint64_t bytes = 0;
        size_t n = left < sizeof bytes ? left : sizeof bytes;
        memcpy(&bytes, p, n);
        bytes = fold(bytes);
        memcpy(out, &bytes, n);
        out += n;
        p += n;
        left -= n;
    }
    if (left) {
        memcpy(out, p, left);
    }
    return out + left;
}

/* @p known: the hash as transport computed it, or 0. */
static void join(const key_part *parts, size_t count, uint64_t known, peal_sip_txn_key *ret)
{
    size_t length = 0;
    for (size_t i = 0; i < count; ++i) {
        length += parts[i].text.n;
    }
    char *out = ret->text;
    if (length <= sizeof ret->text) {
        for (size_t i = 0; i < count; ++i) {
            out = copy_part(out, &parts[i]);
        }
    } else {
        *out++ = '#';
        out = hex_u64(out, hash_parts("key one", parts, count));
        out = hex_u64(out, hash_parts("key two", parts, count));
    }
    ret->length = (size_t)(out - ret->text);
    ret->hash = known ? known : peal_hash_bytes(peal_str_of(ret->text, ret->length));
}

/* RFC 3261 §17.2.3: branch and sent-by. */
static void join_server(const peal_sip_via *via, uint64_t known, peal_sip_txn_key *ret)
{
    char port[20];
    const key_part parts[] = {
        { PEAL_STR("s"), false },
        { via->branch, true },
        { PEAL_STR("|"), false },
        { via->host, true },
        { PEAL_STR(":"), false },
        { peal_str_of(port, peal__sip_format_number(via->port, port)), false },
    };
    join(parts, PEAL_COUNT_OF(parts), known, ret);
}

/* RFC 3261 §17.2.3, last part: Request-URI, From tag, Call-ID, CSeq number and top Via. The To tag
 * differs between an INVITE and its ACK and is compared apart. */
static peal_result join_old_server(peal_sip_packet *packet, const peal_sip_via *via, uint64_t known,
                                   peal_sip_txn_key *ret)
{
    const peal_sip_cseq *cseq = NULL;
    const peal_sip_address *from = NULL;
    peal_result r = peal_sip_packet_cseq(packet, &cseq);
    if (r >= 0) {
        r = peal_sip_packet_from(packet, &from);
    }
    if (r < 0) {
        return r;
    }
    char number[20];
    char port[20];
    peal_str line = PEAL_STR("\n");
    const key_part parts[] = {
        { PEAL_STR("o"), false },
        { peal_sip_packet_request_uri(packet), false },
        { line, false },
        { peal_sip_packet_call_id(packet), false },
        { line, false },
        { peal_str_of(number, peal__sip_format_number(cseq->number, number)), false },
        { line, false },
        { from->tag, true },
        { line, false },
        { via->branch, true },
        { line, false },
        { via->host, true },
        { PEAL_STR(":"), false },
        { peal_str_of(port, peal__sip_format_number(via->port, port)), false },
    };
    join(parts, PEAL_COUNT_OF(parts), known, ret);
    return PEAL_OK;
}

static void join_client(peal_str branch, uint64_t known, peal_sip_txn_key *ret)
{
    const key_part parts[] = { { PEAL_STR("c"), false }, { branch, true } };
    join(parts, PEAL_COUNT_OF(parts), known, ret);
}

void peal_sip_txn_key_of_branch(peal_str branch, peal_sip_txn_key *ret)
{
    join_client(branch, 0, ret);
}

peal_result peal_sip_txn_key_of(peal_sip_packet *packet, peal_sip_txn_key *ret)
{
    const peal_sip_via *via = NULL;
    uint64_t known = peal__sip_packet_head_of(packet)->key_hash;
    peal_result r = peal_sip_packet_via(packet, 0, &via);
    if (r < 0) {
        return r;
    }
    if (!peal_sip_packet_is_request(packet)) {
        join_client(via->branch, known, ret);
        return PEAL_OK;
    }
    if (!peal_sip_branch_has_cookie(via->branch)) {
        return join_old_server(packet, via, known, ret);
    }
    join_server(via, known, ret);
    return PEAL_OK;
}

bool peal_sip_txn_key_eq(const peal_sip_txn_key *a, const peal_sip_txn_key *b)
{
    return a->hash == b->hash && a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}
