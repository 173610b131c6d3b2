/* SPDX-License-Identifier: MIT */
/** @file
 * What every Peal header starts from: export and inline marks, string views, container_of.
 * Compiles alone as C11 and C++17. */
#ifndef PEAL_BASE_H
#define PEAL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <peal/features.h>
#include <peal/result.h>

/** Marks what a shared library exports; everything else is hidden. */
#define PEAL_API __attribute__((visibility("default")))
/** A function defined in a header. */
#define PEAL_INLINE static inline __attribute__((unused))
/** Checks a printf-like function's arguments. */
#define PEAL_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
/** Makes the compiler warn when a result is thrown away. */
#define PEAL_MUST_CHECK __attribute__((warn_unused_result))

/** The condition is mostly true. */
#define PEAL_LIKELY(x) __builtin_expect(!!(x), 1)
/** The condition is mostly false. */
#define PEAL_UNLIKELY(x) __builtin_expect(!!(x), 0)
/** Items of an array (not of a pointer). */
#define PEAL_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** From a member's address to its struct; a pointer of the wrong type is diagnosed. */
#define PEAL_CONTAINER_OF(ptr, type, member)                                                      \
    ((type *)(void *)((char *)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))

#ifdef __cplusplus
extern "C" {
#endif

/** A view of text or bytes: not owned, not NUL-terminated. {NULL, 0} is the absent value,
 * {non-NULL, 0} an empty one. */
typedef struct peal_str {
    const char *p; /**< first byte */
    size_t n;      /**< bytes */
} peal_str;

/** A view of a string literal. */
#ifdef __cplusplus
#define PEAL_STR(literal) (peal_str{literal, sizeof(literal) - 1})
#else
#define PEAL_STR(literal) ((peal_str){literal, sizeof(literal) - 1})
#endif
/** For `printf("%.*s", PEAL_STR_ARG(s))`. */
#define PEAL_STR_ARG(s) (int)(s).n, (s).p

/** A view of @p n bytes at @p p. */
PEAL_INLINE peal_str peal_str_of(const char *p, size_t n)
{
    peal_str s;
    s.p = p;
    s.n = n;
    return s;
}
/** A view of a NUL-terminated string; absent for NULL. */
PEAL_INLINE peal_str peal_str_z(const char *z)
{
    return peal_str_of(z, z ? strlen(z) : 0);
}
/** Same bytes, case counts. */
PEAL_INLINE bool peal_str_eq(peal_str a, peal_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/** Same text, ASCII case ignored, independent of the locale. */
PEAL_API bool peal_str_ieq(peal_str a, peal_str b);
/** Parses an unsigned decimal number that fills all of @p s and is at most @p max.
 * @return PEAL_OK, PEAL_E_RANGE when larger, PEAL_E_SYNTAX when not a number */
PEAL_API peal_result peal_str_to_u64(peal_str s, uint64_t max, uint64_t *ret);

#ifdef __cplusplus
}
#endif
#endif
