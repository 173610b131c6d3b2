/* SPDX-License-Identifier: MIT */
/* A call with each of its allocations failing in turn: something is reported or repeated, nothing leaks
 * and nothing hangs. And what a call weighs. */
#include "test/base/failing_alloc.h"
#include "test/useragent/ua_world.h"

Suite *memory_suite(void)
{
    return suite_create("memory");
}
