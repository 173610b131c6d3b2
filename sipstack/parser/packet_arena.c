/* SPDX-License-Identifier: MIT */
/* A packet's memory and life: one block for the packet, its line index and first arena room; more
 * arena blocks when an edited packet needs them. The packet's thread. */
#include "sipstack/parser/parser_inner.h"

#include <stdatomic.h>

enum { CHUNK_BYTES = 1024 };

static atomic_size_t live;

size_t peal_sip_packet_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}

peal_sip_packet *peal__sip_packet_block(peal_pool *pool, size_t lines, size_t arena_bytes)
{
    size_t bytes = sizeof(peal_sip_packet) + lines * sizeof(peal__sip_header_line) + arena_bytes;
    peal_sip_packet *packet = peal_pool_alloc(pool, bytes);
    if (!packet) {
        return NULL;
    }
    peal__sip_zero(packet, sizeof *packet);
    packet->pool = pool;
    packet->refs = 1;
    packet->lines = (peal__sip_header_line *)(void *)(packet + 1);
    packet->line_room = (uint32_t)lines;
    packet->arena = (char *)(packet->lines + lines);
    packet->arena_bytes = (uint32_t)arena_bytes;
    packet->list_limit = 256;
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return packet;
}

peal_sip_packet *peal_sip_packet_ref(peal_sip_packet *packet)
{
    ++packet->refs;
    return packet;
}

/* Without recursion: copies of copies may form a long chain. */
peal_sip_packet *peal_sip_packet_unref(peal_sip_packet *packet)
{
    while (packet && --packet->refs == 0) {
        peal_sip_packet *source = packet->source;
        for (peal__sip_chunk *chunk = packet->chunks, *next; chunk; chunk = next) {
            next = chunk->next;
            peal_pool_free(chunk);
        }
        peal_pool_free(packet);
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
        packet = source;
    }
    return NULL;
}

/* A block of its own for large texts, so that the room that is left is not lost. */
void *peal__sip_packet_add_chunk(peal_sip_packet *packet, size_t bytes)
{
    bool large = bytes > CHUNK_BYTES / 2;
    peal__sip_chunk *chunk =
        peal_pool_alloc(packet->pool, sizeof *chunk + (large ? bytes : CHUNK_BYTES));
    if (!chunk) {
        return NULL;
    }
    chunk->next = packet->chunks;
    packet->chunks = chunk;
    char *room = (char *)(chunk + 1);
    if (!large) {
        packet->arena = room + bytes;
        packet->arena_bytes = (uint32_t)(CHUNK_BYTES - bytes);
    }
    return room;
}

char *peal_sip_packet_alloc(peal_sip_packet *packet, size_t bytes)
{
    if (bytes > packet->arena_bytes) {
        return bytes < UINT32_MAX ? peal__sip_packet_add_chunk(packet, bytes) : NULL;
    }
    char *p = packet->arena;
    packet->arena += bytes;
    packet->arena_bytes -= (uint32_t)bytes;
    return p;
}

peal_str peal__sip_packet_dup(peal_sip_packet *packet, peal_str text)
{
    char *p = peal_sip_packet_alloc(packet, text.n);
    if (!p) {
        return peal_str_of(NULL, 0);
    }
    if (text.n) {
        memcpy(p, text.p, text.n);
    }
    return peal_str_of(p, text.n);
}
