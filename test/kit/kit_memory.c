/* SPDX-License-Identifier: MIT */
/* Role: failures of a test, the failing allocator, and the census at the end. Thread: one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <peal/ecom.h>
#include <peal/test/failure.h>
#include <peal/test/memory.h>

#include "test/kit/kit_priv.h"

/* ---- failures ---- */

static peal_test_failure_handler *handler;
static void *handler_arg;

void peal_test_set_failure_handler(peal_test_failure_handler *new_handler, void *arg)
{
    handler = new_handler;
    handler_arg = arg;
}

void peal_test_fail(const char *format, ...)
{
    static char text[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (handler) {
        handler(handler_arg, text);
        return;
    }
    (void)fprintf(stderr, "%s\n", text);
    abort();
}

/* ---- the allocator ---- */

static size_t allocations, failing_at, failing_count;
static bool has_failed;

static bool fails_now(void)
{
    ++allocations;
    bool fails =
        failing_at && allocations >= failing_at && allocations - failing_at < failing_count;
    has_failed = has_failed || fails;
    return fails;
}

static void *failing_alloc(void *arg, size_t bytes)
{
    (void)arg;
    return fails_now() ? NULL : malloc(bytes);
}

static void *failing_realloc(void *arg, void *block, size_t bytes)
{
    (void)arg;
    return fails_now() ? NULL : realloc(block, bytes);
}

static void plain_free(void *arg, void *block)
{
    (void)arg;
    free(block);
}

static void arm(size_t nth, size_t count)
{
    allocations = 0;
    failing_at = nth;
    failing_count = count;
    has_failed = false;
}

peal_result peal_test_alloc_install(void)
{
    const peal_allocator allocator = { .size = sizeof allocator, .alloc = failing_alloc,
                                       .realloc = failing_realloc, .free = plain_free };
    arm(0, 0);
    return peal_set_allocator(&allocator);
}

void peal_test_alloc_fail_nth(size_t nth)
{
    arm(nth, 1);
}

void peal_test_alloc_fail_from(size_t nth)
{
    arm(nth, SIZE_MAX);
}

void peal_test_alloc_fail_run(size_t nth, size_t count)
{
    arm(nth, count);
}

bool peal_test_alloc_has_failed(void)
{
    return has_failed;
}

size_t peal_test_alloc_count(void)
{
    return allocations;
}

void peal_test_alloc_remove(void)
{
    arm(0, 0);
    if (peal_set_allocator(NULL) < 0) {
        peal_test_fail("%zu blocks are still allocated", peal_alloc_live());
    }
}

size_t peal_test_each_allocation(bool from, void (*body)(void *arg), void *arg)
{
    size_t runs = 0;
    if (peal_test_alloc_install() < 0) {
        peal_test_fail("%zu blocks are allocated before the test", peal_alloc_live());
        return 0;
    }
    do {
        arm(++runs, from ? SIZE_MAX : 1);
        body(arg);
        failing_at = 0;
        if (!peal_test_is_nothing_left()) {
            peal_test_fail("when allocation %zu%s failed:", runs, from ? " and all after it" : "");
            peal_test_check_nothing_left();
            break;
        }
    } while (has_failed);
    peal_test_alloc_remove();
    return runs;
}

/* ---- the census ---- */

static void add_class(const peal_census_entry *entry, void *arg)
{
    if (entry->live) {
        peal__test_addf(arg, " %zu %s", entry->live, entry->class_name);
    }
}

static bool take_census(peal__test_text *ret)
{
    peal_census_each(add_class, ret);
    if (peal_alloc_live()) {
        peal__test_addf(ret, " %zu blocks", peal_alloc_live());
    }
    return ret->n == 0;
}

bool peal_test_is_nothing_left(void)
{
    peal__test_text left = { NULL, 0, 0 };
    bool nothing = take_census(&left);
    free(left.p);
    return nothing;
}

void peal_test_check_nothing_left(void)
{
    peal__test_text left = { NULL, 0, 0 };
    if (!take_census(&left)) {
        peal_test_fail("left behind:%s", left.p);
    }
    free(left.p);
}
