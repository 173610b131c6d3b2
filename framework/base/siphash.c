/* SPDX-License-Identifier: MIT */
/* Role: SipHash (Aumasson, Bernstein 2012) as the keyed hash of all tables, 1-3 rounds; and the
 * process's secret. Thread: any; the secret is written before threads exist. */
#include "framework/base/base_priv.h"

static uint64_t secret[2];
static bool secret_is_set, secret_is_drawn;

static uint64_t rotl(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static uint64_t load64(const void *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static uint64_t load_tail(const char *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++) {
        x |= (uint64_t)(unsigned char)p[i] << (8 * i);
    }
    return x;
}

static inline void rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);
        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}

static inline void start(uint64_t v[4], uint64_t k0, uint64_t k1)
{
    v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
    v[1] = k1 ^ UINT64_C(0x646f72616e646f6d);
    v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
    v[3] = k1 ^ UINT64_C(0x7465646279746573);
}

static inline void compress(uint64_t v[4], uint64_t word, int c)
{
    v[3] ^= word;
    rounds(v, c);
    v[0] ^= word;
}

/* @p word: the last incomplete word without the length byte. */
static inline uint64_t finish(uint64_t v[4], uint64_t word, uint64_t length, int c, int d)
{
    compress(v, word | length << 56, c);
    v[2] ^= 0xff;
    rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline uint64_t hash_piece(uint64_t k0, uint64_t k1, int c, int d, peal_str s)
{
    uint64_t v[4];
    size_t i = 0;
    start(v, k0, k1);
    for (; i + 8 <= s.n; i += 8) {
        compress(v, load64(s.p + i), c);
    }
    return finish(v, load_tail(s.p + i, s.n - i), s.n, c, d);
}

uint64_t peal__siphash(const uint8_t key[16], int c, int d, peal_str bytes)
{
    return hash_piece(load64(key), load64(key + 8), c, d, bytes);
}

uint64_t peal_hash_bytes(peal_str bytes)
{
    return hash_piece(secret[0], secret[1], 1, 3, bytes);
}

void peal_hasher_init(peal_hasher *h)
{
    start(h->v, secret[0], secret[1]);
    h->tail = 0;
    h->length = 0;
}

/* Takes 8 bytes in at any position of the stream. */
static inline void add_word(peal_hasher *h, uint64_t word, unsigned filled)
{
    if (filled == 0) {
        compress(h->v, word, 1);
    } else {
        compress(h->v, h->tail | word << (8 * filled), 1);
        h->tail = word >> (64 - 8 * filled);
    }
}

static inline void add_byte(peal_hasher *h, uint64_t byte)
{
    unsigned filled = (unsigned)(h->length & 7);
    h->tail |= byte << (8 * filled);
    h->length++;
    if (filled == 7) {
        compress(h->v, h->tail, 1);
        h->tail = 0;
    }
}

/* Folds the upper-case ASCII letters of eight bytes at once: bit 7 of `upper` marks them. */
static inline uint64_t lower8(uint64_t x)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low7 = x & (0x7f * ones);
    uint64_t from_a = low7 + (0x80 - 'A') * ones;
    uint64_t after_z = low7 + (0x80 - 'Z' - 1) * ones;
    uint64_t upper = (from_a ^ after_z) & ~x & (0x80 * ones);
    return x | upper >> 2;
}

static inline void add(peal_hasher *h, peal_str s, bool fold)
{
    unsigned filled = (unsigned)(h->length & 7);
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t word = load64(s.p + i);
        add_word(h, fold ? lower8(word) : word, filled);
    }
    h->length += i;
    for (; i < s.n; i++) {
        uint64_t byte = (unsigned char)s.p[i];
        add_byte(h, fold ? lower8(byte) & 0xff : byte);
    }
}

void peal_hasher_add(peal_hasher *h, peal_str bytes)
{
    add(h, bytes, false);
}

void peal_hasher_add_lower(peal_hasher *h, peal_str text)
{
    add(h, text, true);
}

uint64_t peal_hasher_end(peal_hasher *h)
{
    return finish(h->v, h->tail, h->length, 1, 3);
}

void peal__hash_set_secret(const uint8_t key[16])
{
    secret[0] = load64(key);
    secret[1] = load64(key + 8);
    secret_is_set = true;
    secret_is_drawn = false;
}

peal_result peal__hash_draw_secret(peal_port *port)
{
    uint8_t key[16];
    if (secret_is_set) {
        return PEAL_OK;
    }
    peal_result r = port->vt->random(port, key, sizeof key);
    if (peal_is_ok(r)) {
        peal__hash_set_secret(key);
        secret_is_drawn = true;
    }
    return r;
}

void peal__hash_forget_secret(void)
{
    if (secret_is_drawn) {
        secret_is_set = secret_is_drawn = false;
    }
}
