/* SPDX-License-Identifier: MIT */
/* Fuzz target of the stream: the bytes in one piece, byte by byte and in odd pieces give the same
 * events, and the packet decoder sees each message end where the stream saw it end. The first byte
 * chooses role and limits. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/stream.h>

/* All events as text. */
typedef struct record {
    peal_blob text;
    size_t messages;
} record;

static void note(record *log, const peal_sip_stream_event *event)
{
    MUST(peal_blob_printf(&log->text, "%d %zu %d %u %d\n", event->kind, event->message.n,
                          event->fault.result, event->fault.offset,
                          event->fault.header) == PEAL_OK);
    MUST(peal_blob_append(&log->text, event->message) == PEAL_OK);
    log->messages += event->kind == PEAL_SIP_STREAM_MESSAGE;
}

/* Bytes behind the message don't change how it is read. */
static void check_end(peal_str message)
{
    static const char behind[] = "SIP/2.0 200 OK\r\n";
    peal_sip_packet *alone = NULL, *followed = NULL;
    char *longer = malloc(message.n + sizeof behind);
    MUST(longer);
    memcpy(longer, message.p, message.n);
    memcpy(longer + message.n, behind, sizeof behind);
    peal_result r = peal_sip_packet_decode(NULL, message, NULL, &alone, NULL);
    peal_result s = peal_sip_packet_decode(NULL, peal_str_of(longer, message.n + sizeof behind),
                                           NULL, &followed, NULL);
    if (r == PEAL_OK && peal_sip_packet_fault(alone)->result == PEAL_OK &&
        message.n + sizeof behind <= 65535) {
        MUST(s == PEAL_OK);
        MUST(peal_str_eq(peal_sip_packet_body(alone), peal_sip_packet_body(followed)));
    }
    free(longer);
    peal_sip_packet_unref(alone);
    peal_sip_packet_unref(followed);
}

static bool take(peal_sip_stream *stream, peal_str piece, record *log)
{
    peal_sip_stream_event event;
    peal_result r;
    while ((r = peal_sip_stream_next(stream, &piece, &event)) == PEAL_OK) {
        note(log, &event);
        if (event.kind == PEAL_SIP_STREAM_MESSAGE) {
            MUST(event.message.n > 0 && event.message.p[0] != '\r' && event.message.p[0] != '\n');
            check_end(event.message);
        }
        if (event.kind == PEAL_SIP_STREAM_BROKEN) {
            MUST(event.fault.result < 0 && event.fault.reason);
            MUST(peal_sip_stream_next(stream, &piece, &event) == PEAL_E_STATE);
            return false;
        }
    }
    MUST(r == PEAL_I_END && piece.n == 0);
    return true;
}

/* Pieces of 1 to @p most bytes. */
static record run(uint8_t choice, peal_str bytes, size_t most, uint32_t seed)
{
    peal_sip_stream_limits limits = { .size = sizeof limits };
    peal_sip_stream *stream = NULL;
    record log = { .messages = 0 };
    if (choice & 2) {
        limits.head_bytes = 16 + choice;
        limits.body_bytes = choice / 2;
        limits.message_bytes = 32 + choice;
    }
    peal_blob_init(&log.text, 0);
    MUST(peal_sip_stream_new(choice & 1 ? PEAL_SIP_STREAM_CONNECTED : PEAL_SIP_STREAM_ACCEPTED,
                             &limits, &stream) == PEAL_OK);
    for (size_t at = 0, n; at < bytes.n; at += n) {
        seed = seed * 1664525u + 1013904223u;
        n = most > 1 ? 1 + (seed >> 16) % most : 1;
        n = n < bytes.n - at ? n : bytes.n - at;
        peal_str piece = fuzz_exact(peal_str_of(bytes.p + at, n));
        bool goes_on = take(stream, piece, &log);
        free((char *)piece.p);
        if (!goes_on) {
            break;
        }
        MUST(!(choice & 2) || peal_sip_stream_pending(stream) <= limits.message_bytes);
    }
    MUST(peal_blob_printf(&log.text, "pending %zu\n", peal_sip_stream_pending(stream)) == PEAL_OK);
    peal_sip_stream_free(stream);
    return log;
}

int fuzz_stream(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    peal_str bytes = fuzz_input(data + 1, size - 1);
    record logs[] = { run(data[0], bytes, SIZE_MAX, 0), run(data[0], bytes, 1, 0),
                      run(data[0], bytes, 7, data[0]), run(data[0], bytes, 200, data[0]) };
    for (size_t i = 0; i < PEAL_COUNT_OF(logs); ++i) {
        MUST(logs[i].messages == logs[0].messages);
        MUST(peal_str_eq(peal_blob_str(&logs[i].text), peal_blob_str(&logs[0].text)));
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(logs); ++i) {
        peal_blob_fini(&logs[i].text);
    }
    free((char *)bytes.p);
    return 0;
}

FUZZ_TARGET(fuzz_stream)
