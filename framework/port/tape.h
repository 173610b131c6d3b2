/* SPDX-License-Identifier: MIT */
/* Role: the recording's file, shared by the ports that record and replay.
 *
 * A file is a page of header and then segments. Each segment belongs to one stream: number 0 is
 * what happened outside of servicing threads, n is the n-th event loop that was opened. A stream's
 * segments, one behind the other, hold its events; a zero byte where an event should begin ends an
 * open segment. An event is a byte that says what it is and fields as the table in tape_event.c
 * says: numbers of seven bits a byte, least first, and bytes with their length before them.
 * An event never crosses segments. Its first byte is written last, so that what a crash leaves is
 * whole events. A segment that was closed tells how much of it is used, and a sum of that.
 * Thread: as each function says. */
#ifndef PEAL_FRAMEWORK_PORT_TAPE_H
#define PEAL_FRAMEWORK_PORT_TAPE_H

#include <peal/record.h>

#include "framework/port/port_os.h"
#include "framework/port/port_priv.h"

enum {
    PEAL__TAPE_VERSION = 1,
    PEAL__TAPE_PAGE = 4096,        /**< the file's header; segments are multiples of it */
    PEAL__TAPE_HEAD = 32,          /**< a segment's header */
    PEAL__TAPE_SEGMENT = 64 << 10, /**< the first of a stream; they double up to the largest */
    PEAL__TAPE_SEGMENT_BIG = 1 << 20,
    PEAL__TAPE_SEGMENT_MAX = 16 << 20, /**< no segment is larger */
    PEAL__TAPE_STREAMS_MAX = 4096,
    PEAL__TAPE_NOTE_MAX = 1 << 20
};
/** First line of a file; the version follows in the header. */
#define PEAL__TAPE_LINE "Peal recording. HOLDS SECRETS: whole messages, keys, random numbers.\n"
/** What begins a segment, "PSEG". */
#define PEAL__TAPE_MAGIC UINT32_C(0x47455350)

/** Kinds of events; 0 is none. The numbers are those of the file. */
typedef enum peal__tape_tag {
    PEAL__TAPE_NONE,
    PEAL__TAPE_NOTE,     /**< text: kind, data */
    PEAL__TAPE_LOOP,     /**< a loop was opened: a its stream */
    PEAL__TAPE_CLOCK,    /**< monotonic clock read: b, in the file the difference to the last one */
    PEAL__TAPE_WALL,     /**< wall clock read */
    PEAL__TAPE_RANDOM,   /**< random bytes drawn */
    PEAL__TAPE_TURN,     /**< a turn begins; data: runs of messages taken in */
    PEAL__TAPE_MESSAGES, /**< its second part: messages and timers; data: the same */
    PEAL__TAPE_LEFT,     /**< after the last turn; data: the same */
    PEAL__TAPE_READABLE, /**< socket a speaks; b as of CLOCK, for people only */
    PEAL__TAPE_WRITABLE,
    PEAL__TAPE_OPEN,  /**< socket a was opened at peer */
    PEAL__TAPE_LOCAL, /**< its address */
    PEAL__TAPE_RECV,  /**< b datagrams came of socket a, each one IN */
    PEAL__TAPE_IN,
    PEAL__TAPE_SEND, /**< b datagrams go to socket a, each one OUT */
    PEAL__TAPE_OUT,
    PEAL__TAPE_SENT,  /**< b of them were taken; data: result of each, none: all good */
    PEAL__TAPE_ERROR, /**< of the error queue */
    PEAL__TAPE_WANT,
    PEAL__TAPE_CLOSE,
    PEAL__TAPE_SEEN, /**< what was seen of another thread's doings */
    PEAL__TAPE_RAN,  /**< a messages and b timers ran in this turn */
    PEAL__TAPE_END,  /**< the recording was ended properly */
    PEAL__TAPE_TAGS
} peal__tape_tag;

/** One event, in memory. Views point into the stream's buffer, or at what is to be written. */
typedef struct peal__tape_event {
    peal__tape_tag tag;
    peal_result result;
    uint64_t a, b;
    peal_socket_addr peer, local;
    peal_str text, data;
} peal__tape_event;

/* ---- events as bytes (tape_event.c). @thread any ---- */

/** Bytes that the event takes at most. */
size_t peal__tape_event_room(const peal__tape_event *event);
/** Writes it, but for its first byte. @return the end */
uint8_t *peal__tape_event_write(const peal__tape_event *event, uint8_t *to);
/** Reads one. @return its bytes; 0: it goes on behind @p bytes; SIZE_MAX: this is none */
size_t peal__tape_event_read(const uint8_t *from, size_t bytes, peal__tape_event *ret);
/** Its name. */
const char *peal__tape_event_name(peal__tape_tag tag);
/** All of it but data, in one line that ends in NUL. @return its length */
size_t peal__tape_event_text(const peal__tape_event *event, char *to, size_t bytes);
/** b of such an event is a time, and in a file relative. */
PEAL_INLINE bool peal__tape_has_time(peal__tape_tag tag)
{
    return tag == PEAL__TAPE_CLOCK || tag == PEAL__TAPE_READABLE;
}
uint8_t *peal__tape_put_number(uint8_t *to, uint64_t number);
/** @return where it ends, NULL when it does not end before @p end or is too big */
const uint8_t *peal__tape_get_number(const uint8_t *from, const uint8_t *end, uint64_t *ret);
PEAL_INLINE uint64_t peal__tape_zigzag(int64_t n)
{
    return ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);
}
PEAL_INLINE int64_t peal__tape_unzigzag(uint64_t n)
{
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}
PEAL_INLINE void peal__tape_put32(uint8_t *to, uint32_t n)
{
    for (int i = 0; i < 4; ++i) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}
PEAL_INLINE uint32_t peal__tape_get32(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}
/** A sum that tells damaged bytes from good ones. */
uint64_t peal__tape_sum(const uint8_t *bytes, size_t count);

/* ---- writing (tape_write.c) ---- */

/** A file being written. */
typedef struct peal__tape_file {
    int fd;
    bool is_mapped;   /**< segments are mapped; else written piece by piece */
    peal__mutex lock; /**< of end, for new segments */
    uint64_t end;
    int failed; /**< atomic: a peal_result; nothing is written any more */
} peal__tape_file;

/** A stream being written, by one thread at a time. */
typedef struct peal__tape_out {
    peal__tape_file *file;
    uint32_t stream, index; /**< index of the present segment */
    uint8_t *bytes;         /**< NULL: none yet */
    size_t size, used, written;
    uint64_t offset; /**< of the segment in the file */
    uint64_t clock;  /**< as last written */
} peal__tape_out;

/** @return PEAL_OK, or as peal_recording_new() */
peal_result peal__tape_create(peal__tape_file *file, const char *path, bool want_mapped);
/** Closes it. All its streams must be closed. */
void peal__tape_close(peal__tape_file *file);
void peal__tape_out_init(peal__tape_out *out, peal__tape_file *file, uint32_t stream);
/** Adds an event; nothing happens after a failure. @thread the stream's */
void peal__tape_out_put(peal__tape_out *out, const peal__tape_event *event);
/** What was put stands in the file. Nothing to do for mapped ones. @thread the stream's */
void peal__tape_out_flush(peal__tape_out *out);
/** Closes the last segment. */
void peal__tape_out_close(peal__tape_out *out);
/** Memory is exhausted: nothing is written any more. @thread any */
void peal__tape_fail_memory(peal__tape_file *file);
PEAL_INLINE peal_result peal__tape_failed(const peal__tape_file *file)
{
    return __atomic_load_n(&file->failed, __ATOMIC_RELAXED);
}

/* ---- reading (tape_read.c). One thread ---- */

typedef struct peal__tape_segment {
    uint64_t offset;
    uint32_t stream, size, used; /**< used: 0 when it was not closed */
} peal__tape_segment;

/** Where a segment's events end, and what that means. */
typedef enum peal__tape_stand {
    PEAL__TAPE_MORE,
    PEAL__TAPE_OVER,   /**< no more events of this stream */
    PEAL__TAPE_BROKEN, /**< damaged */
    PEAL__TAPE_UNREAD  /**< the file cannot be read any more, or memory is exhausted */
} peal__tape_stand;

/** A stream being read. */
typedef struct peal__tape_in {
    size_t segment; /**< index of the present one, or of where to look for the next */
    uint8_t *bytes; /**< NULL: none */
    size_t count, at;
    bool has_next;
    peal__tape_event next;
    size_t next_bytes;
    uint64_t clock;
} peal__tape_in;

/** A file being read. */
typedef struct peal__tape_reader {
    int fd;
    uint64_t size;
    peal__tape_segment *segments; /**< in the order of the file */
    size_t count, capacity;
    uint32_t streams; /**< the highest number, plus one */
    bool is_cut;      /**< shorter than its segments */
    uint64_t offset;  /**< where it is cut or damaged */
    const char *reason;
} peal__tape_reader;

/** @return as peal_replay_open(); reason and offset are set at PEAL_E_SYNTAX */
peal_result peal__tape_open(peal__tape_reader *reader, const char *path);
void peal__tape_reader_fini(peal__tape_reader *reader);
/** The next event of a stream, not taken out: in->next. */
peal__tape_stand peal__tape_in_peek(peal__tape_reader *reader, peal__tape_in *in, uint32_t stream);
/** Takes it out; its views live until the next peek. */
void peal__tape_in_take(peal__tape_in *in);
void peal__tape_in_fini(peal__tape_in *in);

/* ---- the ports ---- */

/** peal_recording_new(), with the choice how it is written (for tests). */
peal_result peal__recording_new(const char *path, peal_port *port, bool want_mapped,
                                peal_recording **ret);
/** peal_port_note() on a replaying port; nothing on others. */
void peal__replay_note(peal_port *port, const char *kind, peal_str text);

#endif
