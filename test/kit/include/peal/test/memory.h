/* SPDX-License-Identifier: MIT */
/** @file
 * An allocator that fails when told to, and what must be left when a test is over: nothing. One
 * thread. */
#ifndef PEAL_TEST_MEMORY_H
#define PEAL_TEST_MEMORY_H

#include <peal/alloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Installs the failing allocator; nothing fails yet. It must come before peal_init().
 * @return PEAL_OK, PEAL_E_STATE while anything is allocated */
PEAL_API peal_result peal_test_alloc_install(void);
/** Lets the @p nth allocation from now fail (1: the next), and only that; 0: none. */
PEAL_API void peal_test_alloc_fail_nth(size_t nth);
/** Lets the @p nth allocation from now fail (1: the next), and all after it; 0: none. */
PEAL_API void peal_test_alloc_fail_from(size_t nth);
/** Lets @p count allocations in a row fail, the @p nth from now first; nth 0: none. */
PEAL_API void peal_test_alloc_fail_run(size_t nth, size_t count);
/** An allocation has failed since the last call of one of the three. */
PEAL_API bool peal_test_alloc_has_failed(void);
/** Allocations since the last call of one of the three. */
PEAL_API size_t peal_test_alloc_count(void);
/** Returns to malloc. Fails the test when anything is allocated. */
PEAL_API void peal_test_alloc_remove(void);
/** Runs @p body again and again, letting its first, second, … allocation fail (or, with @p from,
 * all from that one on), until it needs none that fails. Each time nothing may be left allocated.
 * The body makes and frees all that it uses, peal_init() and peal_fini() included, and checks by
 * itself that it gets errors, not crashes. @return how often it ran */
PEAL_API size_t peal_test_each_allocation(bool from, void (*body)(void *arg), void *arg);
/** Fails the test, naming what there is, when any block is allocated or any object of a class is
 * alive: the end of every test. */
PEAL_API void peal_test_check_nothing_left(void);
/** The same census as a test of yours: true when nothing is left. */
PEAL_API bool peal_test_is_nothing_left(void);

#ifdef __cplusplus
}
#endif
#endif
