/* SPDX-License-Identifier: MIT */
/* Role: the file of a recording, written. Where the system can set room aside, segments are mapped:
 * an event costs a copy and stands in the file even if the process dies at the next instruction.
 * Elsewhere a stream is written out at the end of each step. A disk that is full is found when room
 * for a segment is asked for. Thread: a stream's, new segments any. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/port/tape.h"

static peal_result result_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return PEAL_E_PERMISSION;
    case ENOMEM:
        return PEAL_E_NO_MEMORY;
    case ENOENT:
        return PEAL_E_NOT_FOUND;
    case EMFILE:
    case ENFILE:
        return PEAL_E_NO_DESCRIPTORS;
    default:
        return PEAL_E_OS;
    }
}

static void fail(peal__tape_file *file, int error, const char *what)
{
    int none = PEAL_OK;
    if (__atomic_compare_exchange_n(&file->failed, &none, (int)result_of(error), false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        PEAL_TRACE(PEAL_TRACE_BASE, PEAL_TRACE_ERROR, NULL,
                   "recording stops, the run goes on: %s: error %d of the system%s", what, error,
                   error == ENOSPC ? " (no room left)" : error == EFBIG ? " (file too big)" : "");
    }
}

void peal__tape_fail_memory(peal__tape_file *file)
{
    fail(file, ENOMEM, "memory is exhausted");
}

/* ---- the file ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t count, uint64_t offset)
{
    while (count) {
        ssize_t n = pwrite(fd, bytes, count, (off_t)offset);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            bytes += n;
            count -= (size_t)n;
            offset += (size_t)n;
        }
    }
    return true;
}

/* A former recording is evidence: it is moved out of the way once. */
static peal_result keep_old(const char *path)
{
    struct stat found;
    if (lstat(path, &found)) {
        return errno == ENOENT ? PEAL_OK : result_of(errno);
    }
    if (!S_ISREG(found.st_mode)) {
        return PEAL_E_ARGUMENT;
    }
    size_t n = strlen(path);
    char *old = peal_alloc(n + sizeof ".old");
    if (!old) {
        return PEAL_E_NO_MEMORY;
    }
    memcpy(old, path, n);
    memcpy(old + n, ".old", sizeof ".old");
    peal_result r = rename(path, old) ? result_of(errno) : PEAL_OK;
    peal_free(old);
    return r;
}

/* Mapping needs room that is really set aside: else a full disk would end the process. */
static bool can_map(int fd)
{
#if HAVE_FALLOCATE
    return sysconf(_SC_PAGESIZE) == PEAL__TAPE_PAGE && !fallocate(fd, 0, 0, PEAL__TAPE_PAGE);
#else
    (void)fd;
    return false;
#endif
}

peal_result peal__tape_create(peal__tape_file *file, const char *path, bool want_mapped)
{
    uint8_t page[PEAL__TAPE_PAGE] = PEAL__TAPE_LINE;
    peal_result r = keep_old(path);
    if (r < 0) {
        return r;
    }
    memset(file, 0, sizeof *file);
    file->lock = (peal__mutex)PEAL__MUTEX_INIT;
    file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0) {
        return result_of(errno);
    }
    peal__tape_put32(page + sizeof PEAL__TAPE_LINE, PEAL__TAPE_VERSION);
    if (!write_all(file->fd, page, sizeof page, 0)) {
        r = result_of(errno);
        (void)close(file->fd);
        (void)unlink(path);
        return r;
    }
    file->is_mapped = want_mapped && can_map(file->fd);
    file->end = PEAL__TAPE_PAGE;
    return PEAL_OK;
}

void peal__tape_close(peal__tape_file *file)
{
    if (close(file->fd)) {
        fail(file, errno, "closing");
    }
}

/* ---- segments ---- */

void peal__tape_out_init(peal__tape_out *out, peal__tape_file *file, uint32_t stream)
{
    memset(out, 0, sizeof *out);
    out->file = file;
    out->stream = stream;
}

static size_t next_size(const peal__tape_out *out, size_t room)
{
    size_t size = (size_t)PEAL__TAPE_SEGMENT << (out->index < 4 ? out->index : 4);
    size_t need = (room + PEAL__TAPE_HEAD + PEAL__TAPE_PAGE - 1) / PEAL__TAPE_PAGE;
    need *= PEAL__TAPE_PAGE;
    return need > size ? need : size;
}

#if HAVE_FALLOCATE
static uint8_t *map(peal__tape_file *file, uint64_t offset, size_t size)
{
    if (fallocate(file->fd, 0, (off_t)offset, (off_t)size)) {
        fail(file, errno, "no room for it");
        return NULL;
    }
    void *bytes =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (off_t)offset);
    if (bytes == MAP_FAILED) {
        fail(file, errno, "its file cannot be mapped");
        return NULL;
    }
    return bytes;
}
#else
static uint8_t *map(peal__tape_file *file, uint64_t offset, size_t size)
{
    (void)file;
    (void)offset;
    (void)size;
    return NULL; /* is_mapped is never set */
}
#endif

static uint8_t *get_bytes(peal__tape_file *file, uint64_t offset, size_t size)
{
    if (file->is_mapped) {
        return map(file, offset, size);
    }
    uint8_t *bytes = peal_calloc(1, size);
    if (!bytes) {
        peal__tape_fail_memory(file);
    }
    return bytes;
}

static bool open_segment(peal__tape_out *out, size_t room)
{
    peal__tape_file *file = out->file;
    size_t size = next_size(out, room);
    peal__mutex_lock(&file->lock);
    uint64_t offset = file->end;
    uint8_t *bytes = peal__tape_failed(file) ? NULL : get_bytes(file, offset, size);
    if (bytes) {
        /* In the order of the file also where they are not mapped, so that a reader finds them. */
        peal__tape_put32(bytes, PEAL__TAPE_MAGIC);
        peal__tape_put32(bytes + 4, out->stream);
        peal__tape_put32(bytes + 8, out->index);
        peal__tape_put32(bytes + 12, (uint32_t)size);
        peal__tape_put32(bytes + 20, (uint32_t)peal__tape_sum(bytes, 16));
        if (!file->is_mapped && (!write_all(file->fd, bytes, PEAL__TAPE_HEAD, offset) ||
                                 ftruncate(file->fd, (off_t)(offset + size)))) {
            fail(file, errno, "it cannot be written");
        }
        file->end += size;
    }
    peal__mutex_unlock(&file->lock);
    if (!bytes) {
        return false;
    }
    out->bytes = bytes;
    out->size = size;
    out->offset = offset;
    out->used = out->written = PEAL__TAPE_HEAD;
    ++out->index;
    return true;
}

void peal__tape_out_flush(peal__tape_out *out)
{
    peal__tape_file *file = out->file;
    if (file->is_mapped || !out->bytes || out->written == out->used || peal__tape_failed(file)) {
        return;
    }
    if (!write_all(file->fd, out->bytes + out->written, out->used - out->written,
                   out->offset + out->written)) {
        fail(file, errno, "it cannot be written");
    }
    out->written = out->used;
}

void peal__tape_out_close(peal__tape_out *out)
{
    peal__tape_file *file = out->file;
    if (!out->bytes) {
        return;
    }
    peal__tape_out_flush(out);
    uint64_t sum =
        peal__tape_sum(out->bytes + PEAL__TAPE_HEAD, out->used - PEAL__TAPE_HEAD);
    peal__tape_put32(out->bytes + 24, (uint32_t)sum);
    peal__tape_put32(out->bytes + 28, (uint32_t)(sum >> 32));
    peal__tape_put32(out->bytes + 16, (uint32_t)out->used);
    if (file->is_mapped) {
        (void)munmap(out->bytes, out->size); /* what we mapped ourselves */
    } else {
        if (!peal__tape_failed(file) &&
            !write_all(file->fd, out->bytes, PEAL__TAPE_HEAD, out->offset)) {
            fail(file, errno, "it cannot be written");
        }
        peal_free(out->bytes);
    }
    out->bytes = NULL;
}

/* ---- events ---- */

void peal__tape_out_put(peal__tape_out *out, const peal__tape_event *event)
{
    peal__tape_event relative;
    size_t room = peal__tape_event_room(event);
    if (PEAL_UNLIKELY(peal__tape_failed(out->file))) {
        return;
    }
    if (PEAL_UNLIKELY(out->used + room > out->size)) {
        peal__tape_out_close(out);
        if (!open_segment(out, room)) {
            return;
        }
    }
    if (peal__tape_has_time(event->tag)) {
        relative.tag = event->tag;
        relative.a = event->a;
        relative.b = peal__tape_zigzag((int64_t)(event->b - out->clock));
        out->clock = event->b;
        event = &relative;
    }
    uint8_t *at = out->bytes + out->used;
    const uint8_t *end = peal__tape_event_write(event, at);
    /* Last, and not before the rest, so that what a crash leaves is whole. */
    __atomic_store_n(at, (uint8_t)event->tag, __ATOMIC_RELEASE);
    out->used = (size_t)(end - out->bytes);
}
