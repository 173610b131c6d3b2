/* SPDX-License-Identifier: MIT */
/* --stream: the messages of what a connection carried, and its keep-alives. RFC 3261 §18.3. */
#include "apps/parse/parse_priv.h"

#include <peal/sip/stream.h>

static void tell_broken(const parse_options *options, const parse_message *message,
                        const peal_sip_stream_event *event)
{
    const char *outcome = "the connection is closed";
    if (event->message.p) {
        outcome = event->fault.result == PEAL_E_LIMIT ? "413, and the connection is closed"
                                                      : "400, and the connection is closed";
    }
    peal__parse_tell(options, message, &event->fault, outcome);
}

static void tell_incomplete(const parse_options *options, const char *file, peal_str input,
                            size_t pending)
{
    const size_t start = input.n - pending;
    const parse_message message = { file, peal_str_of(input.p + start, pending), start, NULL };
    const peal_sip_fault fault = { .result = PEAL_E_SIP_INCOMPLETE,
                                   .offset = (uint32_t)pending,
                                   .reason = "the stream ends inside a message" };
    peal__parse_tell(options, &message, &fault, "waited for");
}

/* One event; false when something is wrong. Messages are views of the input. */
static bool on_event(const parse_options *options, const char *file, peal_str input, peal_str rest,
                     const peal_sip_stream_event *event, parse_on_message on_message)
{
    size_t taken = input.n - rest.n;
    if (event->kind == PEAL_SIP_STREAM_PING || event->kind == PEAL_SIP_STREAM_PONG) {
        if (!options->quiet && !options->roundtrip) {
            peal__parse_putf(PARSE_DIM, "keep-alive before offset %zu", taken);
            (void)putchar('\n');
        }
        return true;
    }
    peal_str bytes = event->message;
    size_t start = bytes.p ? (size_t)(bytes.p - input.p) : taken;
    parse_message message = { file, bytes, start, NULL };
    if (event->kind == PEAL_SIP_STREAM_MESSAGE) {
        return on_message(options, &message);
    }
    message.bytes = peal_str_of(input.p + start, input.n - start);
    tell_broken(options, &message, event);
    return false;
}

bool peal__parse_stream(const parse_options *options, const char *file, peal_str input,
                        parse_on_message on_message)
{
    peal_sip_stream *stream = NULL;
    peal_sip_stream_event event;
    peal_str rest = input;
    bool good = true;
    peal_result r = peal_sip_stream_new(PEAL_SIP_STREAM_ACCEPTED, NULL, &stream);
    while (r >= 0 && (r = peal_sip_stream_next(stream, &rest, &event)) == PEAL_OK) {
        good = on_event(options, file, input, rest, &event, on_message) && good;
        if (event.kind == PEAL_SIP_STREAM_BROKEN) {
            break;
        }
    }
    if (r < 0) {
        fprintf(stderr, "peal-parse: %s: %s\n", file, peal_result_text(r));
        good = false;
    } else if (r == PEAL_I_END && peal_sip_stream_pending(stream) > 0) {
        tell_incomplete(options, file, input, peal_sip_stream_pending(stream));
        good = false;
    }
    peal_sip_stream_free(stream);
    return good;
}
