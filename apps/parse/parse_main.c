/* SPDX-License-Identifier: MIT */
/* peal-parse: reads SIP messages from files, shows what is in them and what is wrong. */
#include "apps/parse/parse_priv.h"

#include <peal/peal.h>

#include <errno.h>

enum { FILE_BYTES_MAX = 1 << 28 }; /* 256 MiB */

static int unusable(const char *file, const char *why)
{
    fprintf(stderr, "peal-parse: %s: %s\n", file, why);
    return -1;
}

static int read_stream(FILE *from, const char *file, peal_blob *ret)
{
    char part[65536];
    size_t n;
    errno = 0;
    while ((n = fread(part, 1, sizeof part, from)) > 0) {
        peal_result r = peal_blob_append(ret, peal_str_of(part, n));
        if (r < 0) {
            return unusable(file, r == PEAL_E_LIMIT ? "larger than 256 MiB" : peal_result_text(r));
        }
    }
    return ferror(from) ? unusable(file, strerror(errno)) : 0;
}

static int read_file(const char *file, peal_blob *ret)
{
    if (strcmp(file, "-") == 0) {
        return read_stream(stdin, "standard input", ret);
    }
    FILE *from = fopen(file, "rb");
    if (!from) {
        return unusable(file, strerror(errno));
    }
    int rc = read_stream(from, file, ret);
    (void)fclose(from);
    return rc;
}

static void title(const char *text)
{
    peal__parse_putz(PARSE_TITLE, text);
    (void)putchar('\n');
}

/* On a terminal no byte of a message may act; elsewhere they are what they are. */
static void put_bytes(const parse_options *options, peal_str bytes)
{
    if (!options->terminal) {
        (void)fwrite(bytes.p, 1, bytes.n, stdout);
        return;
    }
    while (bytes.n) {
        const char *stop = memchr(bytes.p, '\n', bytes.n);
        size_t n = stop ? (size_t)(stop - bytes.p) : bytes.n;
        size_t shown = n && bytes.p[n - 1] == '\r' ? n - 1 : n;
        peal__parse_put(PARSE_PLAIN, peal_str_of(bytes.p, shown));
        (void)putchar('\n');
        n += stop != NULL;
        bytes = peal_str_of(bytes.p + n, bytes.n - n);
    }
}

static bool show(const parse_options *options, peal_sip_packet *packet)
{
    peal_blob out;
    peal_blob_init(&out, 0);
    peal_result r;
    if (options->roundtrip) {
        size_t bytes = peal_sip_packet_size(packet);
        r = peal_blob_reserve(&out, bytes);
        if (r >= 0) {
            peal_sip_packet_encode(packet, out.data);
            (void)fwrite(out.data, 1, bytes, stdout);
        }
    } else {
        peal__parse_show(packet);
        r = peal__parse_canonical(packet, &out);
        if (r >= 0) {
            title("canonical form");
            put_bytes(options, peal_blob_str(&out));
            (void)fputs(!options->terminal && out.bytes && out.data[out.bytes - 1] != '\n' ? "\n"
                                                                                           : "",
                        stdout);
        }
    }
    peal_blob_fini(&out);
    if (r < 0) {
        fprintf(stderr, "peal-parse: %s\n", peal_result_text(r));
    }
    return r >= 0;
}

/* Line ends in front of the start line do not count for peal_sip_packet_decode_all(). */
static void skip_line_ends(peal_sip_fault *fault, peal_str bytes)
{
    for (size_t i = 0; i < bytes.n && (bytes.p[i] == '\r' || bytes.p[i] == '\n'); ++i) {
        ++fault->offset;
    }
}

/* What becomes of the message. A header that only some look at stops nobody else. */
static const char *outcome_of(const peal_sip_packet *packet, const peal_sip_fault *fault,
                              char *text, size_t bytes)
{
    const char *who = "";
    if (!packet) {
        return "dropped";
    }
    if (!peal_sip_packet_is_request(packet)) {
        return "dropped by whoever needs this header";
    }
    if (peal_sip_packet_fault(packet)->result >= 0) {
        who = " by whoever needs this header";
    }
    if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_ACK) {
        return "dropped: an ACK is never answered";
    }
    (void)snprintf(text, bytes, "to be answered with %u%s", peal_sip_fault_status(fault), who);
    return text;
}

static bool on_message(const parse_options *options, const parse_message *message)
{
    static const peal_sip_limits limits = { .size = sizeof limits, .message_bytes = UINT32_MAX };
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    char text[64];
    peal_result r = peal_sip_packet_decode(NULL, message->bytes, &limits, &packet, &fault);
    if (r >= 0) {
        fault = *peal_sip_packet_fault(packet);
    }
    if (r >= 0 && fault.result >= 0 && peal_sip_packet_decode_all(packet, &fault) < 0) {
        skip_line_ends(&fault, message->bytes);
    }
    bool good = fault.result >= 0;
    if (!good) {
        peal__parse_tell(options, message, &fault, outcome_of(packet, &fault, text, sizeof text));
    }
    if (packet && !options->quiet && (good || !options->roundtrip)) {
        good = show(options, packet) && good;
    }
    peal_sip_packet_unref(packet);
    return good;
}

static bool on_input(const parse_options *options, const char *file, peal_str input)
{
    if (options->stream) {
        return peal__parse_stream(options, file, input, on_message);
    }
    if (options->text) {
        return peal__parse_text(options, file, input, on_message);
    }
    const parse_message whole = { .file = file, .bytes = input };
    return on_message(options, &whole);
}

int main(int argc, char **argv)
{
    static char *const standard_input[] = { (char *)"-", NULL };
    parse_options options;
    int first = peal__parse_options(argc, argv, &options), status = 0;
    char *const *files = first < argc ? argv + first : standard_input;
    peal__parse_output_init(options.color);
    for (int i = 0; files[i]; ++i) {
        peal_blob input;
        peal_blob_init(&input, FILE_BYTES_MAX);
        if (read_file(files[i], &input) < 0) {
            status = 2;
        } else {
            if (files[1] && !options.roundtrip && !options.quiet) {
                (void)printf("%s==> %s <==\n", i ? "\n" : "", files[i]);
            }
            bool good = on_input(&options, files[i], peal_blob_str(&input));
            status = good || status ? status : 1;
        }
        peal_blob_fini(&input);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "peal-parse: standard output cannot be written\n");
        status = 2;
    }
    return status;
}
