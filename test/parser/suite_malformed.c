/* SPDX-License-Identifier: MIT */
/* Broken and hostile messages: each refused for the reason, at the place and with the answer that
 * test/data/malformed/expected.txt says; and that work grows with the input, not with its square.
 * What is decided and why: doc/guide/bad-messages.md. */
#include "test/fuzz/fuzz_packet.h"
#include "test/parser/data_kit.h"

enum { MALFORMED_MESSAGES = 182 };

START_TEST(outcome_is_what_was_decided)
    {
        data_check_outcome("malformed", (size_t)_i);
    }
END_TEST

START_TEST(every_message_has_its_row)
    {
        size_t count;
        char *const *names = data_list("malformed", &count);
        ck_assert_uint_eq(count, MALFORMED_MESSAGES);
        ck_assert_uint_eq(data_count("malformed"), MALFORMED_MESSAGES);
        for (size_t i = 0; i < count; ++i) {
            peal_str text = kit_load(names[i]);
            LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
            free((char *)text.p);
        }
    }
END_TEST

/* An allocator that counts what was asked for. */
static size_t asked_bytes, asked_times;
static void *counting_alloc(void *arg, size_t bytes)
{
    (void)arg;
    asked_bytes += bytes;
    ++asked_times;
    return malloc(bytes);
}
static void *counting_realloc(void *arg, void *block, size_t bytes)
{
    (void)arg;
    asked_bytes += bytes;
    ++asked_times;
    return realloc(block, bytes);
}
static void counting_free(void *arg, void *block)
{
    (void)arg;
    free(block);
}

/* A message that repeats one piece until it is so long. */
static peal_str repeated(const char *head, const char *piece, size_t bytes)
{
    static char text[1 << 20];
    static const char rest[] = "\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                               "To: <sip:b@c>\r\nCall-ID: i\r\nCSeq: 1 OPTIONS\r\n\r\n";
    size_t n = (size_t)snprintf(text, sizeof text, "OPTIONS sip:b@c SIP/2.0\r\n%s", head);
    while (n < bytes) {
        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    memcpy(text + n, rest, sizeof rest);
    return peal_str_of(text, n + sizeof rest - 1);
}

static size_t memory_for(peal_str text)
{
    const peal_sip_limits limits = { .size = sizeof limits,
                                     .message_bytes = 1 << 21,
                                     .header_lines = 65000,
                                     .header_line_bytes = 1 << 21,
                                     .list_values = 1 << 20 };
    peal_sip_packet *packet = NULL;
    asked_bytes = asked_times = 0;
    if (peal_sip_packet_decode(NULL, text, &limits, &packet, NULL) >= 0) {
        (void)peal_sip_packet_decode_all(packet, NULL);
    }
    peal_sip_packet_unref(packet);
    return asked_bytes;
}

/* Twice the input, at most some more than twice the memory, with all limits lifted. */
START_TEST(memory_grows_with_the_input)
    {
        static const struct {
            const char *head, *piece;
        } rows[] = {
            { "Contact: <sip:a>", ",<sip:a>" },
            { "Contact: <sip:a>", ";a=b" },
            { "Via: SIP/2.0/UDP a", ",SIP/2.0/UDP b" },
            { "X: ", "\r\n y" },
            { "X: y", "\r\nX: y" },
            { "Require: a", ",a" },
            { "Contact: \"", "\\\"" },
            { "Route: ", "(" },
            { "Via: SIP/2.0/UDP a ", "(" },
            { "To: ", "<" },
            { "Accept: a", ";b=\"c\"" },
            { "Contact: ", ", " },
        };
        const peal_allocator allocator = { .size = sizeof allocator,
                                           .alloc = counting_alloc,
                                           .realloc = counting_realloc,
                                           .free = counting_free };
        CK_OK(peal_set_allocator(&allocator));
        for (size_t i = 0; i < PEAL_COUNT_OF(rows); ++i) {
            size_t once = memory_for(repeated(rows[i].head, rows[i].piece, 100000));
            size_t times = asked_times;
            size_t twice = memory_for(repeated(rows[i].head, rows[i].piece, 200000));
            ck_assert_msg(twice <= 3 * once + 65536, "row %zu: %zu bytes, then %zu", i, once,
                          twice);
            ck_assert_msg(asked_times <= times + 8, "row %zu: %zu calls, then %zu", i, times,
                          asked_times);
            ck_assert_uint_eq(peal_alloc_live(), 0);
        }
        CK_OK(peal_set_allocator(NULL));
    }
END_TEST

/* The defaults bound what one datagram can ask for. */
START_TEST(limits_bound_one_message)
    {
        static const char *const pieces[] = { "\r\nX: y", ",<sip:a>", ";a=b", "\r\n y" };
        for (size_t i = 0; i < PEAL_COUNT_OF(pieces); ++i) {
            peal_sip_packet *packet = NULL;
            peal_sip_fault fault;
            peal_str text = repeated("Contact: <sip:a>", pieces[i], 60000);
            if (kit_decode(text, &packet, &fault) >= 0) {
                fault = *peal_sip_packet_fault(packet);
                ck_assert_uint_le(peal_sip_packet_line_count(packet), 256);
            }
            ck_assert_int_eq(fault.result, PEAL_E_LIMIT);
            ck_assert_uint_eq(peal_sip_fault_status(&fault), 513);
            peal_sip_packet_unref(packet);
        }
    }
END_TEST

START_TEST(each_fault_has_its_answer)
    {
        static const struct {
            peal_result result;
            unsigned status;
        } rows[] = {
            { PEAL_OK, 0 },
            { PEAL_E_SIP_VERSION, 505 },
            { PEAL_E_SIP_URI_SCHEME, 416 },
            { PEAL_E_LIMIT, 513 },
            { PEAL_E_SIP_HEADER, 400 },
            { PEAL_E_SIP_CONTENT_LENGTH, 400 },
            { PEAL_E_SIP_DUPLICATE_HEADER, 400 },
        };
        for (size_t i = 0; i < PEAL_COUNT_OF(rows); ++i) {
            const peal_sip_fault fault = { .result = rows[i].result };
            ck_assert_uint_eq(peal_sip_fault_status(&fault), rows[i].status);
        }
    }
END_TEST

Suite *suite_malformed(void)
{
    Suite *suite = suite_create("malformed");
    TCase *tcase = tcase_create("malformed");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, outcome_is_what_was_decided, 0, MALFORMED_MESSAGES);
    tcase_add_test(tcase, every_message_has_its_row);
    tcase_add_test(tcase, memory_grows_with_the_input);
    tcase_add_test(tcase, limits_bound_one_message);
    tcase_add_test(tcase, each_fault_has_its_answer);
    suite_add_tcase(suite, tcase);
    return suite;
}
