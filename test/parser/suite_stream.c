/* SPDX-License-Identifier: MIT */
/* Framing of streams (RFC 3261 §18.3, RFC 5626 §3.5.1). */
#include "test/fuzz/fuzz_kit.h"
#include "test/parser/bodies_kit.h"

#include <peal/sip/stream.h>

#include <dirent.h>

#define REQUEST(headers) "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\n" headers

static peal_sip_stream *new_stream(peal_sip_stream_role role, const peal_sip_stream_limits *limits)
{
    peal_sip_stream *stream = NULL;
    CK_OK(peal_sip_stream_new(role, limits, &stream));
    return stream;
}

/* Feeds pieces; notes each event as a letter, and the messages' bytes one behind the other. */
static void feed(peal_sip_stream *stream, peal_str piece, peal_blob *letters, peal_blob *bytes)
{
    peal_sip_stream_event event;
    peal_result r;
    while ((r = peal_sip_stream_next(stream, &piece, &event)) == PEAL_OK) {
        CK_OK(peal_blob_append(letters, peal_str_of(&"mioB"[event.kind], 1)));
        if (event.kind == PEAL_SIP_STREAM_MESSAGE) {
            CK_OK(peal_blob_append(bytes, event.message));
        }
    }
    ck_assert(r == PEAL_E_STATE || (r == PEAL_I_END && piece.n == 0));
}

/* The corpus with line ends between, and the letters it must give. */
static void load_all(peal_blob *stream, peal_blob *messages, peal_blob *letters)
{
    static const char *const between[][2] = {
        { "", "" }, { "\r\n", "" }, { "\r\n\r\n", "i" }, { "\r\n\r\n\r\n", "i" }, { "\n\r", "" }
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(kit_corpus); ++i) {
        peal_str text = kit_load(kit_corpus[i]);
        const char *const *gap = between[i % PEAL_COUNT_OF(between)];
        CK_OK(peal_blob_append(stream, peal_str_z(gap[0])));
        CK_OK(peal_blob_append(letters, peal_str_z(gap[1])));
        CK_OK(peal_blob_append(stream, text));
        CK_OK(peal_blob_append(messages, text));
        CK_OK(peal_blob_append(letters, S("m")));
        free((char *)text.p);
    }
}

typedef struct all_of_it {
    peal_blob stream, messages, letters; /* what is sent and what must come of it */
    peal_blob got_bytes, got_letters;
} all_of_it;

static void check_and_clear(all_of_it *all, peal_sip_stream *stream)
{
    ck_assert(peal_str_eq(peal_blob_str(&all->got_bytes), peal_blob_str(&all->messages)));
    ck_assert_str_eq(all->got_letters.data, all->letters.data);
    ck_assert_uint_eq(peal_sip_stream_pending(stream), 0);
    peal_sip_stream_free(stream);
    peal_blob_clear(&all->got_bytes);
    peal_blob_clear(&all->got_letters);
}

static void all_fini(all_of_it *all)
{
    peal_blob_fini(&all->stream);
    peal_blob_fini(&all->messages);
    peal_blob_fini(&all->letters);
    peal_blob_fini(&all->got_bytes);
    peal_blob_fini(&all->got_letters);
}

START_TEST(each_split_into_two)
{
    all_of_it all = { .stream = { NULL, 0, 0, 0 } };
    load_all(&all.stream, &all.messages, &all.letters);
    for (size_t cut = 0; cut <= all.stream.bytes; ++cut) {
        peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
        feed(stream, peal_str_of(all.stream.data, cut), &all.got_letters, &all.got_bytes);
        feed(stream, peal_str_of(all.stream.data + cut, all.stream.bytes - cut),
             &all.got_letters, &all.got_bytes);
        check_and_clear(&all, stream);
    }
    all_fini(&all);
}
END_TEST

START_TEST(random_splits)
{
    kit_random random = { .state = 4 };
    all_of_it all = { .stream = { NULL, 0, 0, 0 } };
    load_all(&all.stream, &all.messages, &all.letters);
    for (int round = 0; round < 300; ++round) {
        peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
        size_t most = 1 + kit_below(&random, round % 2 ? 40 : 3000);
        for (size_t at = 0, n; at < all.stream.bytes; at += n) {
            n = round == 0 ? 1 : 1 + kit_below(&random, most);
            n = n < all.stream.bytes - at ? n : all.stream.bytes - at;
            peal_str piece = kit_exact(peal_str_of(all.stream.data + at, n));
            feed(stream, piece, &all.got_letters, &all.got_bytes);
            free((char *)piece.p);
        }
        check_and_clear(&all, stream);
    }
    all_fini(&all);
}
END_TEST

/* The first event of a file that is sent in pieces of up to @p most bytes; appends its message. */
static peal_sip_stream_kind first_event(peal_str text, size_t most, kit_random *random,
                                        peal_blob *message)
{
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_CONNECTED, NULL);
    peal_sip_stream_event event = { .kind = PEAL_SIP_STREAM_PONG };
    for (size_t at = 0, n; at < text.n && event.kind == PEAL_SIP_STREAM_PONG; at += n) {
        n = 1 + kit_below(random, most);
        n = n < text.n - at ? n : text.n - at;
        peal_str piece = peal_str_of(text.p + at, n);
        while (peal_sip_stream_next(stream, &piece, &event) == PEAL_OK &&
               event.kind == PEAL_SIP_STREAM_PONG) {
        }
    }
    if (event.message.p) {
        CK_OK(peal_blob_append(message, event.message));
    }
    peal_sip_stream_free(stream);
    return event.kind;
}

/* What the stream gives of a good message is the message; without Content-Length it has no end. */
static void check_file(peal_str text, kit_random *random)
{
    static const size_t most[] = { 65536, 1, 2, 50, 500 };
    peal_sip_packet *packet = kit_good(text), *again = NULL;
    bool has_length = peal_sip_packet_has(packet, PEAL_SIP_HEADER_CONTENT_LENGTH);
    while (text.n && (text.p[0] == '\r' || text.p[0] == '\n')) {
        text = peal_str_of(text.p + 1, text.n - 1);
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(most); ++i) {
        peal_blob message;
        peal_blob_init(&message, 0);
        ck_assert_int_eq(first_event(text, most[i], random, &message),
                         has_length ? PEAL_SIP_STREAM_MESSAGE : PEAL_SIP_STREAM_BROKEN);
        ck_assert(message.bytes <= text.n && memcmp(message.data, text.p, message.bytes) == 0);
        if (has_length) {
            again = kit_good(peal_blob_str(&message));
            ck_assert(peal_str_eq(peal_sip_packet_body(again), peal_sip_packet_body(packet)));
            again = peal_sip_packet_unref(again);
        }
        peal_blob_fini(&message);
    }
    peal_sip_packet_unref(packet);
}

/* All messages of a folder of test/data; gives how many. */
static size_t check_folder(const char *folder, kit_random *random)
{
    char path[1024];
    size_t files = 0;
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/test/data/%s", top ? top : ".", folder);
    DIR *open_folder = opendir(path);
    if (!open_folder) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        snprintf(path, sizeof path, "%s%.300s", folder, entry->d_name);
        if (dot && strcmp(dot, ".sip") == 0) {
            peal_str text = kit_load(path);
            check_file(text, random);
            free((char *)text.p);
            ++files;
        }
    }
    closedir(open_folder);
    return files;
}

START_TEST(every_message_of_the_data)
{
    static const char *const folders[] = { "ims",   "media",        "phone",  "presence", "proxy",
                                           "trunk", "registration", "syntax", "transfer", "webrtc" };
    kit_random random = { .state = 7 };
    char folder[64];
    ck_assert_uint_ge(check_folder("", &random), PEAL_COUNT_OF(kit_corpus));
    for (size_t i = 0; i < PEAL_COUNT_OF(folders); ++i) {
        snprintf(folder, sizeof folder, "corpus/%s/", folders[i]);
        check_folder(folder, &random);
    }
}
END_TEST

START_TEST(whole_messages_are_not_copied)
{
    peal_str text = kit_load(kit_corpus[0]), input = text;
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
    peal_sip_stream_event event;
    size_t blocks = peal_alloc_live();
    CK_OK(peal_sip_stream_next(stream, &input, &event));
    ck_assert_ptr_eq(event.message.p, text.p);
    ck_assert_uint_eq(event.message.n, text.n);
    ck_assert_uint_eq(input.n, 0);
    ck_assert_uint_eq(peal_alloc_live(), blocks);
    CK_IS(peal_sip_stream_next(stream, &input, &event), PEAL_I_END);
    input = peal_str_of(NULL, 0);
    CK_IS(peal_sip_stream_next(stream, &input, &event), PEAL_I_END);
    peal_sip_stream_free(stream);
    peal_sip_stream_free(NULL);
    free((char *)text.p);
}
END_TEST

static const struct {
    peal_sip_stream_role role;
    const char *bytes, *letters;
} line_ends[] = {
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n", "" },
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n\r\n", "i" },
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n\r\n\r\n\r\n", "ii" },
    { PEAL_SIP_STREAM_ACCEPTED, "\n\n\r\r\n\r\r\n\r\n", "i" },
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n\n\r\n\r\n", "i" },
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n" REQUEST("l: 0\r\n\r\n") "\r\n", "m" },
    { PEAL_SIP_STREAM_ACCEPTED, "\r\n\r\n" REQUEST("l: 0\r\n\r\n") "\r\n\r\n", "imi" },
    { PEAL_SIP_STREAM_CONNECTED, "\r\n", "o" },
    { PEAL_SIP_STREAM_CONNECTED, "\r\n\r\n", "oo" },
    { PEAL_SIP_STREAM_CONNECTED, "\r\r\n\n", "o" },
    { PEAL_SIP_STREAM_CONNECTED, REQUEST("l: 2\r\n\r\n") "\r\n\r\n", "mo" },
    /* Whole messages with LF alone. */
    { PEAL_SIP_STREAM_ACCEPTED, "OPTIONS sip:a SIP/2.0\nl:1\n\nx" REQUEST("l: 0\r\n\n"), "mm" },
    { PEAL_SIP_STREAM_ACCEPTED, REQUEST("Content-Length\t:\r\n  3\r\n\r\n") "abc", "m" },
    { PEAL_SIP_STREAM_ACCEPTED, REQUEST("X: a\r\n l: 5\r\nl: 1\r\n\r\n") "a", "m" },
};
START_TEST(line_ends_and_messages)
{
    for (size_t piece = 1; piece <= strlen(line_ends[_i].bytes); ++piece) {
        peal_sip_stream *stream = new_stream(line_ends[_i].role, NULL);
        peal_str all = peal_str_z(line_ends[_i].bytes);
        peal_blob letters, bytes;
        peal_blob_init(&letters, 0);
        peal_blob_init(&bytes, 0);
        CK_OK(peal_blob_append(&letters, S("")));
        for (size_t at = 0; at < all.n; at += piece) {
            size_t n = piece < all.n - at ? piece : all.n - at;
            feed(stream, peal_str_of(all.p + at, n), &letters, &bytes);
        }
        ck_assert_str_eq(letters.data, line_ends[_i].letters);
        peal_sip_stream_free(stream);
        peal_blob_fini(&letters);
        peal_blob_fini(&bytes);
    }
}
END_TEST

static const struct {
    const char *bytes;
    peal_result result;
    bool answerable; /* the head is given */
} broken[] = {
    { REQUEST("\r\n"), PEAL_E_SIP_MISSING_HEADER, true },
    { REQUEST("l: 1\r\nContent-Length: 1\r\n\r\nx"), PEAL_E_SIP_DUPLICATE_HEADER, true },
    { REQUEST("l: -1\r\n\r\n"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l:\r\n\r\n"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: 1,1\r\n\r\nx"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: +1\r\n\r\nx"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: 0x1\r\n\r\nx"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: 4294967328\r\n\r\nx"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: 99999999999999999999999\r\n\r\nx"), PEAL_E_SIP_HEADER, true },
    { REQUEST("l: 2147483609\r\n\r\nx"), PEAL_E_LIMIT, true },
    { REQUEST("l: 65500\r\n\r\nx"), PEAL_E_LIMIT, true },
    { "\x16\x03\x01", PEAL_E_SIP_NOT_SIP, false },
    { "\r\n\r\n<html>", PEAL_E_SIP_NOT_SIP, false },
};
START_TEST(streams_that_cannot_be_framed)
{
    for (size_t first = 0; first < strlen(broken[_i].bytes); ++first) {
        peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
        peal_sip_stream_event event = { .kind = PEAL_SIP_STREAM_MESSAGE };
        peal_str input = peal_str_of(broken[_i].bytes, first);
        peal_result r;
        while ((r = peal_sip_stream_next(stream, &input, &event)) == PEAL_OK) {
            if (event.kind == PEAL_SIP_STREAM_BROKEN) {
                break;
            }
            ck_assert_int_eq(event.kind, PEAL_SIP_STREAM_PING);
        }
        input = peal_str_z(broken[_i].bytes + first);
        while (event.kind != PEAL_SIP_STREAM_BROKEN) {
            CK_OK(peal_sip_stream_next(stream, &input, &event));
        }
        ck_assert_int_eq(event.fault.result, broken[_i].result);
        ck_assert(broken[_i].answerable == (event.message.p != NULL));
        if (broken[_i].answerable) {
            ck_assert(memcmp(event.message.p, "OPTIONS", 7) == 0);
            ck_assert(memcmp(event.message.p + event.message.n - 4, "\r\n\r\n", 4) == 0);
        }
        CK_IS(peal_sip_stream_next(stream, &input, &event), PEAL_E_STATE);
        peal_sip_stream_free(stream);
    }
}
END_TEST

/* A request whose length is broken is answered from its head. */
START_TEST(the_head_of_a_broken_request_is_answerable)
{
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
    peal_sip_stream_event event;
    peal_str input =
        S("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\n"
          "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
          "Content-Length: -999\r\n\r\nv=0");
    peal_sip_packet *packet = NULL, *response = NULL;
    CK_OK(peal_sip_stream_next(stream, &input, &event));
    ck_assert_int_eq(event.kind, PEAL_SIP_STREAM_BROKEN);
    CK_OK(kit_decode(event.message, &packet, NULL));
    CK_OK(peal_sip_packet_new_response(NULL, packet, 400, peal_str_z(event.fault.reason),
                                       S("t"), &response));
    CK_STR(peal_sip_packet_reason(response), "malformed Content-Length");
    peal_sip_packet_unref(packet);
    peal_sip_packet_unref(response);
    peal_sip_stream_free(stream);
}
END_TEST

START_TEST(limits_hold)
{
    const peal_sip_stream_limits limits = {
        .size = sizeof limits, .head_bytes = 100, .body_bytes = 10, .message_bytes = 105
    };
    static char bytes[400];
    for (size_t head = 90; head <= 101; ++head) {
        for (unsigned body = 0; body <= 11; ++body) {
            int n = snprintf(bytes, sizeof bytes, "A b SIP/2.0\r\nl:%u\r\nX:", body);
            memset(bytes + n, 'x', head - (size_t)n);
            memcpy(bytes + head - 4, "\r\n\r\n0123456789abcdef", 20);
            for (size_t piece = 1; piece < 3; ++piece) {
                peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, &limits);
                peal_blob letters, got;
                peal_blob_init(&letters, 0);
                peal_blob_init(&got, 0);
                size_t step = piece == 1 ? 1 : head + body;
                for (size_t at = 0; at < head + body && !letters.bytes; at += step) {
                    feed(stream, peal_str_of(bytes + at, step), &letters, &got);
                }
                bool fits = head <= 100 && body <= 10 && head + body <= 105;
                ck_assert_str_eq(letters.data, fits ? "m" : "B");
                peal_sip_stream_free(stream);
                peal_blob_fini(&letters);
                peal_blob_fini(&got);
            }
        }
    }
}
END_TEST

/* A head that never ends, byte by byte, is given up at the limit, and costs no more than its bytes
 * (RFC 4475 has no such message; slow senders do). */
START_TEST(endless_heads_are_given_up)
{
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
    peal_sip_stream_event event = { .kind = PEAL_SIP_STREAM_MESSAGE };
    size_t taken = 0;
    while (event.kind != PEAL_SIP_STREAM_BROKEN) {
        peal_str input = S("x");
        peal_result r = peal_sip_stream_next(stream, &input, &event);
        ck_assert(r == PEAL_OK || r == PEAL_I_END);
        ++taken;
        ck_assert_uint_le(taken, 32769);
    }
    ck_assert_uint_eq(taken, 32769);
    ck_assert_int_eq(event.fault.result, PEAL_E_LIMIT);
    CK_ABSENT(event.message);
    peal_sip_stream_free(stream);
}
END_TEST

START_TEST(a_stream_may_end_in_a_message)
{
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, NULL);
    peal_blob letters, bytes;
    peal_blob_init(&letters, 0);
    peal_blob_init(&bytes, 0);
    feed(stream, S("\r\n"), &letters, &bytes);
    ck_assert_uint_eq(peal_sip_stream_pending(stream), 0);
    feed(stream, S("OPTI"), &letters, &bytes);
    ck_assert_uint_eq(peal_sip_stream_pending(stream), 4);
    feed(stream, S("ONS sip:a SIP/2.0\r\nl: 2\r\n\r\nx"), &letters, &bytes);
    ck_assert_uint_gt(peal_sip_stream_pending(stream), 20);
    feed(stream, S("y"), &letters, &bytes);
    ck_assert_str_eq(letters.data, "m");
    ck_assert_uint_eq(peal_sip_stream_pending(stream), 0);
    peal_sip_stream_free(stream);
    peal_blob_fini(&letters);
    peal_blob_fini(&bytes);
}
END_TEST

/* A large message in two pieces, then a small one: the memory of the large one is not held. */
START_TEST(large_messages_leave_nothing_behind)
{
    const peal_sip_stream_limits limits = { .size = sizeof limits, .message_bytes = 20000 };
    static char bytes[20001];
    peal_sip_stream *stream = new_stream(PEAL_SIP_STREAM_ACCEPTED, &limits);
    peal_blob letters, got;
    size_t n = (size_t)snprintf(bytes, sizeof bytes, REQUEST("l: 18000\r\n\r\n"));
    size_t blocks = peal_alloc_live();
    peal_blob_init(&letters, 0);
    peal_blob_init(&got, 0);
    memset(bytes + n, 'x', 18000);
    n += 18000;
    feed(stream, peal_str_of(bytes, 9000), &letters, &got);
    feed(stream, peal_str_of(bytes + 9000, n - 9000), &letters, &got);
    feed(stream, S(REQUEST("l: 0\r\n\r\n")), &letters, &got);
    ck_assert_str_eq(letters.data, "mm");
    ck_assert(memcmp(got.data, bytes, n) == 0);
    peal_blob_fini(&letters);
    peal_blob_fini(&got);
    ck_assert_uint_eq(peal_alloc_live(), blocks);
    peal_sip_stream_free(stream);
}
END_TEST

/* Every truncation and single-byte changes of the corpus: all ways to cut them give the same. */
START_TEST(changed_bytes_split_alike)
{
    static const char bytes[] = { '\0', '\r', '\n', ' ', ':', '9', 'l' };
    peal_str text = kit_load(kit_corpus[_i]);
    char *data = malloc(2 * text.n + 1);
    ck_assert_ptr_nonnull(data);
    data[0] = 0;
    memcpy(data + 1, text.p, text.n);
    memcpy(data + 1 + text.n, text.p, text.n);
    for (size_t at = 1; at <= text.n; at += 5) {
        char was = data[at];
        data[at] = bytes[at % sizeof bytes];
        data[0] = (char)(at % 2);
        ck_assert_int_eq(fuzz_stream((const uint8_t *)data, 2 * text.n + 1), 0);
        data[at] = was;
        ck_assert_int_eq(fuzz_stream((const uint8_t *)data, at), 0);
    }
    free(data);
    free((char *)text.p);
}
END_TEST

Suite *suite_stream(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, each_split_into_two);
    tcase_add_test(tcase, random_splits);
    tcase_add_test(tcase, every_message_of_the_data);
    tcase_add_test(tcase, whole_messages_are_not_copied);
    tcase_add_loop_test(tcase, line_ends_and_messages, 0, (int)PEAL_COUNT_OF(line_ends));
    tcase_add_loop_test(tcase, streams_that_cannot_be_framed, 0, (int)PEAL_COUNT_OF(broken));
    tcase_add_test(tcase, the_head_of_a_broken_request_is_answerable);
    tcase_add_test(tcase, limits_hold);
    tcase_add_test(tcase, endless_heads_are_given_up);
    tcase_add_test(tcase, a_stream_may_end_in_a_message);
    tcase_add_test(tcase, large_messages_leave_nothing_behind);
    tcase_add_loop_test(tcase, changed_bytes_split_alike, 0, (int)PEAL_COUNT_OF(kit_corpus));
    suite_add_tcase(suite, tcase);
    return suite;
}
