/* SPDX-License-Identifier: MIT */
/* An allocator for tests whose n-th allocation fails. One thread. */
#ifndef PEAL_TEST_BASE_FAILING_ALLOC_H
#define PEAL_TEST_BASE_FAILING_ALLOC_H

#include <peal/alloc.h>

/** Installs it; nothing fails yet. */
void failing_alloc_install(void);
/** Lets the @p nth allocation from now fail (1: the next), and only that; 0: none. */
void failing_alloc_arm(unsigned nth);
/** The same for @p count allocations in a row; UINT_MAX: until it is armed anew. */
void failing_alloc_arm_run(unsigned nth, unsigned count);
/** Lets every allocation from now fail (or none). */
void failing_alloc_always(bool fail);
/** The armed failure has come. */
bool failing_alloc_has_failed(void);
/** Asserts that nothing is allocated and returns to malloc. */
void failing_alloc_remove(void);

#endif
