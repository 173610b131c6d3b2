/* SPDX-License-Identifier: MIT */
/* What the files of the parser package share among themselves; nobody else includes it. */
#ifndef PEAL_SIP_PARSER_INNER_H
#define PEAL_SIP_PARSER_INNER_H

#include "sipstack/parser/header_hash.h"
#include "sipstack/parser/parser_priv.h"
#include "sipstack/parser/parser_scan.h"

/* Digits alone, at most 2**32 - 1. */
peal_result peal__sip_number_decode(peal_str text, uint32_t *ret);

/* uri_text.c, uri_phone.c, uri_fields.c, sip_uri_compare.c */
/* The next character with its escape undone; an escaped reserved one differs from itself unescaped,
 * so it gets the mark 0x100 (RFC 3261 §19.1.4). */
unsigned peal__sip_uri_next_char(const char **p, const char *end);
/* Past a telephone number; NULL: there is none. */
const char *peal__sip_skip_phone(const char *p, const char *end);
/* The same number but for visual separators and case (RFC 3966 §4). */
bool peal__sip_same_number(peal_str a, peal_str b);
/* More parameters or headers than are compared one by one. */
bool peal__sip_too_many(peal_str params, char separator);
bool peal__sip_phone_param_eq(peal_str name, peal_str a, peal_str b);
bool peal__sip_phone_params_eq(peal_str a, peal_str b);
/* Bytes of a URN's NSS before its r-, q- and f-components. */
size_t peal__sip_urn_name_bytes(peal_str nss);
/* transfer_coding.c: append what the text encodes. @return PEAL_OK, PEAL_E_SYNTAX and the blob's
 * errors; the blob is as before then. */
peal_result peal__sip_base64_decode(peal_str text, peal_blob *out);
/* Of RFC 2045 §6.7 or, with is_word, of an encoded word (RFC 2047 §4.2). */
peal_result peal__sip_quoted_printable_decode(peal_str text, bool is_word, peal_blob *out);
/* name_addr_write.c: bytes of the UTF-8 character at text; 0: it is none. */
size_t peal__sip_utf8_bytes(const char *text, const char *end);
/* UTF-8 without control characters but HT. */
bool peal__sip_text_is_utf8(peal_str text);

/* One row of the header table. */
typedef struct peal__sip_header_row {
    _Alignas(64) char padded[32]; /* the name, filled up with NUL, to be compared as a vector */
    peal_str name;
    char compact;
    uint8_t kind;   /* peal_sip_header_kind */
    uint8_t single; /* as in PEAL_SIP_HEADER_TABLE */
} peal__sip_header_row;
extern const peal__sip_header_row peal__sip_header_rows[PEAL_SIP_HEADER_COUNT];

/* As peal_sip_header_of(), for a name that is known to be a token. */
peal_sip_header_id peal__sip_header_of_token(peal_str name);
/* Which header a name of n > 0 bytes can be at all. */
extern const uint8_t peal__sip_header_slots[PEAL__SIP_HASH_MASK + 1];
static inline unsigned peal__sip_header_hash(const char *name, size_t n)
{
    unsigned first = (unsigned char)(name[0] | 0x20);
    unsigned middle = (unsigned char)(name[n / 2] | 0x20);
    unsigned last = (unsigned char)(name[n - 1] | 0x20);
    return ((unsigned)n * PEAL__SIP_HASH_LENGTH + first * PEAL__SIP_HASH_FIRST +
            middle * PEAL__SIP_HASH_MIDDLE + last) &
           PEAL__SIP_HASH_MASK;
}
/* The decoded form of a line; the values follow, each of its kind's size. Immutable once made, so
 * that copies of a packet share it. */
typedef struct peal__sip_typed {
    uint32_t count;     /* values that could be decoded */
    peal_result result; /* what stopped the decoding of the rest; PEAL_OK: nothing */
} peal__sip_typed;

/* A header line: views of the received text or of an arena. */
typedef struct peal__sip_header_line {
    const char *text;             /* the name's first byte */
    const peal__sip_typed *typed; /* NULL: nobody asked yet */
    uint32_t bytes;               /* without the line end */
    uint32_t value_at, value_bytes;
    uint16_t name_bytes;
    uint8_t id;
    bool lf_only; /* received without CR; else CRLF stands behind the line in memory */
} peal__sip_header_line;
_Static_assert(PEAL_SIP_HEADER_COUNT <= 255, "header ids must fit in a byte");

static inline peal_str peal__sip_line_value(const peal__sip_header_line *line)
{
    return peal_str_of(line->text + line->value_at, line->value_bytes);
}

typedef struct peal__sip_chunk {
    struct peal__sip_chunk *next;
} peal__sip_chunk;

/* Line counts stay below this, so that the index of lines fits in 16 bits. */
enum { PEAL__SIP_LINES_MAX = 65000, PEAL__SIP_LINE_BYTES_MAX = 65535 };

/* What a packet that is part of a message has behind its headers. */
enum { PEAL__SIP_FRAGMENT_HEAD = 1, PEAL__SIP_FRAGMENT_BLANK_LINE = 2 };

struct peal_sip_packet {
    peal__sip_packet_head head;
    peal_pool *pool;         /* for further blocks of the arena */
    peal_sip_packet *source; /* whose bytes are shared; counted */
    peal__sip_chunk *chunks; /* the arena beyond this block */
    char *arena;             /* free room */
    uint32_t arena_bytes;
    uint32_t refs;
    uint32_t line_count, line_room;
    peal__sip_header_line *lines;
    size_t head_bytes; /* start line and lines, each with CRLF */
    uint32_t list_limit;
    uint16_t status;
    uint8_t method; /* peal_sip_method */
    bool is_request;
    bool start_lf_only;
    uint8_t fragment; /* one of PEAL__SIP_FRAGMENT_…, 0 for a message */
    const peal_sip_uri *uri_parts; /* NULL: nobody asked yet */
    peal_str start;                /* start line without its end */
    peal_str method_text, uri, reason;
    const char *tail; /* received: the blank line (as CRLF) before the body, or NULL */
    peal_str body;
    peal_sip_fault fault;
    peal_sip_origin origin;
    uint16_t first[PEAL_SIP_HEADER_COUNT]; /* index + 1 of the first line of each id; 0: none */
};

/* packet_arena.c */
/* A zeroed packet with room for lines and arena bytes in one block. */
peal_sip_packet *peal__sip_packet_block(peal_pool *pool, size_t lines, size_t arena_bytes);
/* A block more for the arena. */
void *peal__sip_packet_add_chunk(peal_sip_packet *packet, size_t bytes);
/* Aligned for any object. NULL when exhausted. */
static inline void *peal__sip_packet_alloc_object(peal_sip_packet *packet, size_t bytes)
{
    size_t gap = (size_t)(-(uintptr_t)packet->arena & 7);
    if (PEAL_UNLIKELY(gap + bytes > packet->arena_bytes)) {
        return bytes < UINT32_MAX / 2 ? peal__sip_packet_add_chunk(packet, (bytes + 7) & ~(size_t)7)
                                      : NULL;
    }
    char *p = packet->arena + gap;
    packet->arena = p + bytes;
    packet->arena_bytes -= (uint32_t)(gap + bytes);
    return p;
}
/* A copy in the arena; p NULL when exhausted. */
peal_str peal__sip_packet_dup(peal_sip_packet *packet, peal_str text);

/* packet_lines.c */
/* Decimal digits; returns how many. */
size_t peal__sip_format_number(uint64_t number, char text[20]);
/* Makes a line "name: parts" in the arena, without adding it. */
peal_result peal__sip_packet_make_line(peal_sip_packet *packet, peal_str name,
                                       const peal_str *parts, size_t count,
                                       peal__sip_header_line *ret);
/* Puts a line in the place of the first with its id and removes the others; appends when there is
 * none, for which room must be reserved. */
void peal__sip_packet_replace(peal_sip_packet *packet, const peal__sip_header_line *line);
/* Makes a line with any name, and room for it. */
peal_result peal__sip_packet_named_line(peal_sip_packet *packet, peal_str name, peal_str value,
                                        peal__sip_header_line *ret);
/* Puts a line before the index-th; room must be reserved. */
void peal__sip_packet_insert_at(peal_sip_packet *packet, uint32_t index,
                                const peal__sip_header_line *line);
/* Puts a line with the same id in the place of the index-th. */
void peal__sip_packet_put_at(peal_sip_packet *packet, uint32_t index,
                             const peal__sip_header_line *line);
void peal__sip_packet_remove_at(peal_sip_packet *packet, uint32_t index);
/* The line has this id and, where that is OTHER, this name (absent: any). */
bool peal__sip_line_is(const peal__sip_header_line *line, unsigned id, peal_str name);
/* Removes such lines from the index on, in one pass; gives how many. */
size_t peal__sip_packet_remove_from(peal_sip_packet *packet, uint32_t index, unsigned id,
                                    peal_str name);
void peal__sip_packet_move(peal_sip_packet *packet, uint32_t from, uint32_t to);
/* Room for so many more lines. */
peal_result peal__sip_packet_reserve(peal_sip_packet *packet, uint32_t lines);
/* Appends a line whose text is there already; room must be reserved. */
void peal__sip_packet_append(peal_sip_packet *packet, const peal__sip_header_line *line);
/* Appends a copy of a line of another packet, byte by byte. */
peal_result peal__sip_packet_append_copy(peal_sip_packet *packet,
                                         const peal__sip_header_line *line);
/* NULL: there is none. */
static inline peal__sip_header_line *peal__sip_packet_first(const peal_sip_packet *packet,
                                                            peal_sip_header_id id)
{
    return packet->first[id] ? &packet->lines[packet->first[id] - 1] : NULL;
}
/* The text may stand in a header line: CR and LF in folds alone. */
bool peal__sip_text_ok(peal_str text);
/* The line's name as written. */
static inline peal_str peal__sip_line_name(const peal__sip_header_line *line)
{
    return peal_str_of(line->text, line->name_bytes);
}

typedef struct peal__sip_frame peal__sip_frame;
/* packet_decode.c: a packet with a copy of the frame's text; NULL when memory is exhausted. */
peal_sip_packet *peal__sip_packet_of_frame(const peal__sip_frame *frame, peal_pool *pool);
/* packet_new.c: sets the status line. @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_NO_MEMORY */
peal_result peal__sip_packet_set_status(peal_sip_packet *packet, unsigned status, peal_str reason);

/* header_field.c: name [= value] up to the separator. Where that is a comma a parameter without a
 * value is malformed; angle: a value may be a URI between brackets.
 * @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX */
peal_result peal__sip_any_param(char separator, bool angle, const char **cursor, const char *end,
                                peal_str *ret_name, peal_str *ret_value);

/* packet_typed.c: as peal_sip_list_next(), for the list of a header with this id: in some, quotes
 * and brackets mean nothing. */
peal_result peal__sip_next_value(unsigned id, peal_str *list, peal_str *ret);
/* Decodes a line that nobody decoded; NULL when memory is exhausted. */
const peal__sip_typed *peal__sip_packet_decode_line(peal_sip_packet *packet,
                                                    peal__sip_header_line *line);
static inline const peal__sip_typed *peal__sip_packet_typed(peal_sip_packet *packet,
                                                            peal__sip_header_line *line)
{
    return line->typed ? line->typed : peal__sip_packet_decode_line(packet, line);
}
static inline const void *peal__sip_typed_values(const peal__sip_typed *typed)
{
    return typed + 1;
}

/* The value of a line of kind NUMBER. */
peal_result peal__sip_number_value(const peal__sip_header_line *line, uint32_t *ret);

/* packet_check.c: where in a line that could not be decoded, or in a URI, one should look. */
const char *peal__sip_suspect(const peal__sip_header_line *line);
const char *peal__sip_suspect_uri(peal_str uri);

/* packet_frame.c: the first pass over the bytes. */
enum { PEAL__SIP_FRAME_LINES = 48 };
struct peal__sip_frame {
    const char *base, *end; /* all bytes given */
    const char *text;       /* start line: after leading line ends */
    const char *tail;       /* the blank line if it is CRLF; else NULL */
    bool is_request;
    bool unanswerable; /* what a response must copy is broken */
    bool is_fragment, has_blank_line;
    bool start_lf_only;
    uint16_t status;
    uint8_t method;
    peal_str start, method_text, uri, reason, body;
    peal_sip_fault fault; /* the first thing that was wrong */
    uint32_t line_count, line_room, line_limit, line_bytes_limit;
    size_t head_bytes;            /* start line and indexed lines, each with CRLF */
    peal__sip_header_line *lines; /* few, or allocated */
    uint16_t first[PEAL_SIP_HEADER_COUNT];
    peal__sip_header_line few[PEAL__SIP_FRAME_LINES];
};
/* An error: no SIP message, or memory is exhausted (then no fault is noted). Broken lines are noted
 * in the fault. The frame need not be zeroed. peal__sip_frame_fini() in any case. */
peal_result peal__sip_frame_run(peal__sip_frame *frame, peal_str bytes,
                                const peal_sip_limits *limits);
/* The same for a fragment (RFC 3420): any fault is the caller's to judge. */
peal_result peal__sip_frame_fragment(peal__sip_frame *frame, peal_str bytes,
                                     const peal_sip_limits *limits);
void peal__sip_frame_fini(peal__sip_frame *frame);
/* A header's name and colon by their grammar; gives what follows the colon, or NULL. */
const char *peal__sip_take_name(const char *p, const char *end, peal_str *ret_name,
                                peal_sip_header_id *ret_id);
/* Notes a fault unless there is one. */
void peal__sip_frame_fault(peal__sip_frame *frame, peal_result result, const char *at,
                           peal_sip_header_id id, const char *reason);
/* packet_start.c: the start line of [p, end). */
peal_result peal__sip_frame_start_line(peal__sip_frame *frame, const char *p, const char *end);

#endif
