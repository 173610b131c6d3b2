/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

#include <peal/trace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "framework/base/base_priv.h"
#include <peal/test/memory.h>

/* ---- A sink and a clock that the tests can look into ---- */

static struct {
    peal_trace_record record;
    char text[4096];
    unsigned calls;
} got;

static void keep(const peal_trace_record *record, void *arg)
{
    ck_assert_ptr_eq(arg, &got);
    got.record = *record;
    ck_assert_uint_lt(record->text.n, sizeof got.text);
    memcpy(got.text, record->text.p, record->text.n);
    got.text[record->text.n] = '\0';
    got.calls++;
    /* What a sink traces itself is dropped, or this would not end. */
    PEAL_TRACE(PEAL_TRACE_BASE, PEAL_TRACE_ERROR, NULL, "from the sink");
}

static uint64_t fixed_now(peal_port *self)
{
    (void)self;
    return UINT64_C(12345678901234);
}
static const peal_port_vt clock_vt = { .size = sizeof clock_vt, .now_ns = fixed_now };
static peal_port clock_port = { &clock_vt };

static void setup(void)
{
    memset(&got, 0, sizeof got);
    peal__trace_port = &clock_port;
    peal__trace_thread_name = "peal-test";
    peal_trace_set_sink(keep, &got);
    peal_trace_set_level(-1, PEAL_TRACE_ERROR);
}

static void teardown(void)
{
    peal__trace_port = NULL;
    peal__trace_thread_name = NULL;
    peal_trace_set_sink(NULL, NULL);
    peal_trace_set_level(-1, PEAL_TRACE_ERROR);
}

static int evaluated(unsigned *count)
{
    return (int)++*count;
}

START_TEST(a_record_says_all_there_is_to_say)
{
    PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_ERROR, &got, "timer %c of %d", 'B', 32000);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_str_eq(got.text, "timer B of 32000");
    ck_assert_int_eq(got.record.package, PEAL_TRACE_SIP_TRANSACTION);
    ck_assert_int_eq(got.record.level, PEAL_TRACE_ERROR);
    ck_assert_str_eq(got.record.package_name, "transaction");
    ck_assert_str_eq(got.record.thread_name, "peal-test");
    ck_assert_uint_eq(got.record.time_us, UINT64_C(12345678901));
    ck_assert_ptr_eq(got.record.object, &got);
}
END_TEST

START_TEST(levels_are_per_package_and_off_means_untouched_arguments)
{
    unsigned count = 0;
    peal_trace_set_level(PEAL_TRACE_SIP_CORE, PEAL_TRACE_DEBUG);
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_DEBUG, NULL, "%d", evaluated(&count));
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_MESSAGE, NULL, "%d", evaluated(&count));
    PEAL_TRACE(PEAL_TRACE_NET, PEAL_TRACE_DEBUG, NULL, "%d", evaluated(&count));
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(got.calls, 1);
    peal_trace_set_level(-1, PEAL_TRACE_OFF);
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_ERROR, NULL, "%d", evaluated(&count));
    ck_assert_uint_eq(count, 1);
    peal_trace_set_level(-1, 1000);
    ck_assert_uint_eq(peal_trace_levels[PEAL_TRACE_APP], PEAL_TRACE_MESSAGE);
    peal_trace_set_level(-1, -1000);
    ck_assert_uint_eq(peal_trace_levels[PEAL_TRACE_APP], PEAL_TRACE_OFF);
    peal_trace_set_level(PEAL_TRACE_PACKAGES, PEAL_TRACE_INFO); /* no such package */
    peal_trace_write(PEAL_TRACE_PACKAGES, PEAL_TRACE_ERROR, NULL, "x");
    peal_trace_write(PEAL_TRACE_APP, PEAL_TRACE_MESSAGE + 1, NULL, "x");
    ck_assert_uint_eq(got.calls, 1);
}
END_TEST

START_TEST(long_text_comes_whole_or_is_cut_when_memory_is_exhausted)
{
    peal_test_alloc_install();
    PEAL_TRACE(PEAL_TRACE_APP, PEAL_TRACE_ERROR, NULL, "%3000s", "end");
    ck_assert_uint_eq(got.record.text.n, 3000);
    ck_assert_str_eq(got.text + 2997, "end");
    peal_test_alloc_fail_from(1);
    PEAL_TRACE(PEAL_TRACE_APP, PEAL_TRACE_ERROR, NULL, "%3000s", "end");
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_uint_eq(got.record.text.n, 1023);
    peal_test_alloc_remove();
}
END_TEST

static char *file_text(int level, const void *object, const char *text)
{
    static char buffer[4096];
    FILE *file = tmpfile();
    size_t n;
    ck_assert_ptr_nonnull(file);
    peal_trace_set_sink(peal_trace_to_file, file);
    peal_trace_write(PEAL_TRACE_SIP_TRANSPORT, level, object, "%s", text);
    rewind(file);
    n = fread(buffer, 1, sizeof buffer - 1, file);
    buffer[n] = '\0';
    fclose(file);
    return buffer;
}

START_TEST(a_file_gets_lines_that_no_peer_can_forge)
{
    ck_assert_str_eq(file_text(PEAL_TRACE_WARNING, NULL, "a\r\nb\tc\x1b[2J\x7f\xc3\xa4"),
                     "12345.678901 peal-test W transport: a\\x0d\\x0ab\tc\\x1b[2J\\x7f\xc3\xa4\n");
    ck_assert_str_eq(file_text(PEAL_TRACE_MESSAGE, NULL, "OPTIONS x\r\nVia: y\r\n\x1b"),
                     "12345.678901 peal-test M transport: OPTIONS x\nVia: y\n\\x1b\n");
    ck_assert_ptr_nonnull(strstr(file_text(PEAL_TRACE_INFO, &got, "x"), " I transport 0x"));
}
END_TEST

/* ---- Assertions ---- */

static struct {
    const char *expression;
    int line;
} failure;

static void on_assert(const char *file, int line, const char *expression)
{
    ck_assert_ptr_nonnull(strstr(file, "test_trace.c"));
    failure.line = line;
    failure.expression = expression;
}

START_TEST(an_embedder_may_handle_assertions)
{
    peal_set_assert_handler(on_assert);
    peal_assert_failed(__FILE__, __LINE__, "1 == 2");
    ck_assert_str_eq(failure.expression, "1 == 2");
    ck_assert_int_ne(failure.line, 0);
#if PEAL_HAVE_ASSERTS
    PEAL_ASSERT(got.calls == 77);
    ck_assert_str_eq(failure.expression, "got.calls == 77");
#endif
    peal_set_assert_handler(NULL);
}
END_TEST

START_TEST(without_a_handler_an_assertion_aborts)
{
    peal_assert_failed(__FILE__, __LINE__, "1 == 2");
}
END_TEST

TCase *trace_cases(void)
{
    TCase *tc = tcase_create("trace");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_record_says_all_there_is_to_say);
    tcase_add_test(tc, levels_are_per_package_and_off_means_untouched_arguments);
    tcase_add_test(tc, long_text_comes_whole_or_is_cut_when_memory_is_exhausted);
    tcase_add_test(tc, a_file_gets_lines_that_no_peer_can_forge);
    tcase_add_test(tc, an_embedder_may_handle_assertions);
    if (!getenv("CK_FORK") || strcmp(getenv("CK_FORK"), "no") != 0) {
        tcase_add_test_raise_signal(tc, without_a_handler_an_assertion_aborts, SIGABRT);
    }
    return tc;
}
