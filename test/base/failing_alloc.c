/* SPDX-License-Identifier: MIT */
#include "test/base/failing_alloc.h"

#include <check.h>
#include <stdlib.h>

static unsigned countdown, length, left;
static bool failed, always;

static bool fails_now(void)
{
    if (countdown && --countdown == 0) {
        failed = true;
        left = length;
    }
    if (left) {
        left--;
        return true;
    }
    return always;
}
static void *test_alloc(void *arg, size_t bytes)
{
    ck_assert_ptr_eq(arg, &countdown);
    return fails_now() ? NULL : malloc(bytes);
}
static void *test_realloc(void *arg, void *block, size_t bytes)
{
    ck_assert_ptr_eq(arg, &countdown);
    return fails_now() ? NULL : realloc(block, bytes);
}
static void test_free(void *arg, void *block)
{
    ck_assert_ptr_eq(arg, &countdown);
    ck_assert_ptr_nonnull(block);
    free(block);
}

void failing_alloc_install(void)
{
    peal_allocator a = { sizeof a, test_alloc, test_realloc, test_free, &countdown };
    failing_alloc_arm(0);
    always = false;
    ck_assert_int_eq(peal_set_allocator(&a), PEAL_OK);
}

void failing_alloc_arm_run(unsigned nth, unsigned count)
{
    countdown = nth;
    length = count;
    left = 0;
    failed = false;
}

void failing_alloc_arm(unsigned nth)
{
    failing_alloc_arm_run(nth, 1);
}

void failing_alloc_always(bool fail)
{
    always = fail;
}

bool failing_alloc_has_failed(void)
{
    return failed;
}

void failing_alloc_remove(void)
{
    failing_alloc_arm(0);
    always = false;
    ck_assert_uint_eq(peal_alloc_live(), 0);
    ck_assert_int_eq(peal_set_allocator(NULL), PEAL_OK);
}
