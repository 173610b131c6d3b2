/* SPDX-License-Identifier: MIT */
/* Role: the file of a recording, read: it is somebody else's bytes, so everything is checked. One
 * segment of each stream is in memory at a time. Thread: one. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/alloc.h>

#include "framework/port/tape.h"

static bool read_all(int fd, uint8_t *to, size_t count, uint64_t offset)
{
    while (count) {
        ssize_t n = pread(fd, to, count, (off_t)offset);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        if (n > 0) {
            to += n;
            count -= (size_t)n;
            offset += (size_t)n;
        }
    }
    return true;
}

static peal_result damaged(peal__tape_reader *reader, uint64_t offset, const char *reason)
{
    reader->offset = offset;
    reader->reason = reason;
    return PEAL_E_SYNTAX;
}

/* ---- the parts of the file ---- */

static peal_result check_header(peal__tape_reader *reader)
{
    uint8_t head[sizeof PEAL__TAPE_LINE + 4];
    if (reader->size < PEAL__TAPE_PAGE) {
        return damaged(reader, reader->size, "it is shorter than a recording's header");
    }
    if (!read_all(reader->fd, head, sizeof head, 0)) {
        return PEAL_E_OS;
    }
    if (memcmp(head, PEAL__TAPE_LINE, sizeof PEAL__TAPE_LINE) != 0) {
        return damaged(reader, 0, "it is not a recording");
    }
    if (peal__tape_get32(head + sizeof PEAL__TAPE_LINE) != PEAL__TAPE_VERSION) {
        return damaged(reader, sizeof PEAL__TAPE_LINE, "it is of another version");
    }
    return PEAL_OK;
}

static peal_result add_segment(peal__tape_reader *reader, const peal__tape_segment *segment)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity * 2 + 16;
        void *grown = peal_realloc(reader->segments, capacity * sizeof *reader->segments);
        if (!grown) {
            return PEAL_E_NO_MEMORY;
        }
        reader->segments = grown;
        reader->capacity = capacity;
    }
    reader->segments[reader->count++] = *segment;
    if (segment->stream >= reader->streams) {
        reader->streams = segment->stream + 1;
    }
    return PEAL_OK;
}

static peal_result check_sum(peal__tape_reader *reader, const peal__tape_segment *segment,
                             const uint8_t *head)
{
    uint64_t end = segment->offset + segment->used;
    uint64_t sum = peal__tape_get32(head + 24) | (uint64_t)peal__tape_get32(head + 28) << 32;
    if (!segment->used || end > reader->size) {
        return PEAL_OK; /* open, or cut: its events speak for themselves */
    }
    size_t count = segment->used - PEAL__TAPE_HEAD;
    uint8_t *bytes = peal_alloc(count + 1);
    if (!bytes) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = PEAL_OK;
    if (!read_all(reader->fd, bytes, count, segment->offset + PEAL__TAPE_HEAD)) {
        r = PEAL_E_OS;
    } else if (peal__tape_sum(bytes, count) != sum) {
        r = damaged(reader, segment->offset, "a segment does not have the sum that it should");
    }
    peal_free(bytes);
    return r;
}

/* @return bytes of it, 0 at the end of the good part of the file, or a negative result */
static int64_t read_segment(peal__tape_reader *reader, uint64_t offset, const uint32_t *indexes)
{
    static const uint8_t none[PEAL__TAPE_HEAD];
    uint8_t head[PEAL__TAPE_HEAD];
    if (!read_all(reader->fd, head, sizeof head, offset)) {
        return PEAL_E_OS;
    }
    if (memcmp(head, none, sizeof none) == 0) {
        return 0; /* the crash came before its header */
    }
    peal__tape_segment segment = { .offset = offset,
                                   .stream = peal__tape_get32(head + 4),
                                   .size = peal__tape_get32(head + 12),
                                   .used = peal__tape_get32(head + 16) };
    if (peal__tape_get32(head) != PEAL__TAPE_MAGIC ||
        peal__tape_get32(head + 20) != (uint32_t)peal__tape_sum(head, 16)) {
        return damaged(reader, offset, "a segment should begin here");
    }
    if (segment.stream >= PEAL__TAPE_STREAMS_MAX || segment.size < PEAL__TAPE_PAGE ||
        segment.size > PEAL__TAPE_SEGMENT_MAX || segment.size % PEAL__TAPE_PAGE ||
        segment.used > segment.size || (segment.used && segment.used < PEAL__TAPE_HEAD) ||
        peal__tape_get32(head + 8) != indexes[segment.stream]) {
        return damaged(reader, offset, "a segment's header makes no sense");
    }
    peal_result r = check_sum(reader, &segment, head);
    if (r >= 0) {
        r = add_segment(reader, &segment);
    }
    return r < 0 ? r : (int64_t)segment.size;
}

static peal_result check_segments(peal__tape_reader *reader)
{
    uint32_t *indexes = peal_calloc(PEAL__TAPE_STREAMS_MAX, sizeof *indexes);
    if (!indexes) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = PEAL_OK;
    uint64_t at = PEAL__TAPE_PAGE;
    while (r >= 0 && at + PEAL__TAPE_HEAD <= reader->size) {
        int64_t n = read_segment(reader, at, indexes);
        if (n <= 0) {
            r = (peal_result)n;
            break;
        }
        ++indexes[reader->segments[reader->count - 1].stream];
        at += (uint64_t)n;
    }
    if (r >= 0 && at != reader->size) {
        reader->is_cut = true;
        reader->offset = at < reader->size ? at : reader->size;
    }
    peal_free(indexes);
    return r;
}

peal_result peal__tape_open(peal__tape_reader *reader, const char *path)
{
    struct stat found;
    memset(reader, 0, sizeof *reader);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader->fd < 0) {
        return errno == ENOENT                      ? PEAL_E_NOT_FOUND
               : errno == EACCES || errno == EPERM ? PEAL_E_PERMISSION
                                                    : PEAL_E_OS;
    }
    peal_result r = PEAL_OK;
    if (fstat(reader->fd, &found)) {
        r = PEAL_E_OS;
    } else if (!S_ISREG(found.st_mode)) {
        r = damaged(reader, 0, "it is not a regular file");
    } else {
        reader->size = (uint64_t)found.st_size;
        r = check_header(reader);
    }
    if (r >= 0) {
        r = check_segments(reader);
    }
    return r;
}

void peal__tape_reader_fini(peal__tape_reader *reader)
{
    if (reader->fd >= 0) {
        (void)close(reader->fd); /* nothing was written */
    }
    peal_free(reader->segments);
}

/* ---- the events of a stream ---- */

static uint64_t place(const peal__tape_reader *reader, const peal__tape_in *in)
{
    return reader->segments[in->segment].offset + PEAL__TAPE_HEAD + in->at;
}

/* Loads the stream's next segment. */
static peal__tape_stand load(peal__tape_reader *reader, peal__tape_in *in, uint32_t stream)
{
    size_t i = in->segment + (in->bytes != NULL);
    while (i < reader->count && reader->segments[i].stream != stream) {
        ++i;
    }
    if (i == reader->count) {
        return PEAL__TAPE_OVER;
    }
    const peal__tape_segment *segment = &reader->segments[i];
    uint64_t start = segment->offset + PEAL__TAPE_HEAD;
    uint64_t end = segment->offset + (segment->used ? segment->used : segment->size);
    end = end < reader->size ? end : reader->size;
    size_t count = end > start ? (size_t)(end - start) : 0;
    uint8_t *bytes = peal_alloc(count + 1);
    if (!bytes || !read_all(reader->fd, bytes, count, start)) {
        peal_free(bytes);
        reader->reason = "it cannot be read any more";
        reader->offset = start;
        return PEAL__TAPE_UNREAD;
    }
    peal_free(in->bytes);
    in->bytes = bytes;
    in->count = count;
    in->at = 0;
    in->segment = i;
    return PEAL__TAPE_MORE;
}

/* The end of the segment is also the end of the file: an event may break off there. */
static bool is_cut(const peal__tape_reader *reader, const peal__tape_in *in)
{
    const peal__tape_segment *segment = &reader->segments[in->segment];
    return segment->offset + (segment->used ? segment->used : segment->size) > reader->size;
}

static peal__tape_stand broken(peal__tape_reader *reader, const peal__tape_in *in)
{
    reader->offset = place(reader, in);
    reader->reason = "this is not an event";
    return PEAL__TAPE_BROKEN;
}

peal__tape_stand peal__tape_in_peek(peal__tape_reader *reader, peal__tape_in *in, uint32_t stream)
{
    if (in->has_next) {
        return PEAL__TAPE_MORE;
    }
    for (;;) {
        bool is_open = in->bytes && !reader->segments[in->segment].used;
        bool is_over = is_open && in->at < in->count && !in->bytes[in->at];
        if (!in->bytes || in->at == in->count || is_over) {
            peal__tape_stand stand = load(reader, in, stream);
            if (stand != PEAL__TAPE_MORE) {
                return stand;
            }
            continue;
        }
        size_t n = peal__tape_event_read(in->bytes + in->at, in->count - in->at, &in->next);
        if (n == 0 && is_cut(reader, in)) {
            in->at = in->count; /* what is missing is behind the end of the file */
            continue;
        }
        if (n == 0 || n == SIZE_MAX) {
            return broken(reader, in);
        }
        if (peal__tape_has_time(in->next.tag)) {
            in->next.b = in->clock + (uint64_t)peal__tape_unzigzag(in->next.b);
        }
        in->next_bytes = n;
        in->has_next = true;
        return PEAL__TAPE_MORE;
    }
}

void peal__tape_in_take(peal__tape_in *in)
{
    if (peal__tape_has_time(in->next.tag)) {
        in->clock = in->next.b;
    }
    in->at += in->next_bytes;
    in->has_next = false;
}

void peal__tape_in_fini(peal__tape_in *in)
{
    peal_free(in->bytes);
    memset(in, 0, sizeof *in);
}
