/* SPDX-License-Identifier: MIT */
/** @file
 * Tracing by package and level, cheap when off, and replaceable assertions. */
#ifndef PEAL_TRACE_H
#define PEAL_TRACE_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Levels, from silent to everything. */
enum {
    PEAL_TRACE_OFF = 0,
    PEAL_TRACE_ERROR = 1,
    PEAL_TRACE_WARNING = 2,
    PEAL_TRACE_INFO = 3,
    PEAL_TRACE_DEBUG = 4,
    PEAL_TRACE_MESSAGE = 5 /**< whole SIP messages, per direction */
};
/** Packages that trace. */
enum {
    PEAL_TRACE_BASE,
    PEAL_TRACE_ECOM,
    PEAL_TRACE_THREAD,
    PEAL_TRACE_NET,
    PEAL_TRACE_SIP_PARSER,
    PEAL_TRACE_SIP_TRANSPORT,
    PEAL_TRACE_SIP_TRANSACTION,
    PEAL_TRACE_SIP_CORE,
    PEAL_TRACE_SIP_SERVICE,
    PEAL_TRACE_APP,
    PEAL_TRACE_PACKAGES
};
/** One line of trace. Views live during the call. */
typedef struct peal_trace_record {
    int package;             /**< PEAL_TRACE_… package */
    int level;               /**< PEAL_TRACE_… level */
    const char *package_name; /**< as "transaction" */
    const char *thread_name; /**< the servicing thread's, or "-" */
    uint64_t time_us;        /**< monotonic */
    const void *object;      /**< whom it is about, or NULL */
    peal_str text;           /**< without a line end */
} peal_trace_record;
/** Where trace goes; called from any thread. */
typedef void peal_trace_sink(const peal_trace_record *record, void *arg);

/** Sets the level of a package (or of all: @p package -1). @thread any */
PEAL_API void peal_trace_set_level(int package, int level);
/** Sets the sink; NULL: stderr. @thread before others trace */
PEAL_API void peal_trace_set_sink(peal_trace_sink *sink, void *arg);
/** A sink that appends to a file; @p arg is a `FILE *`. */
PEAL_API void peal_trace_to_file(const peal_trace_record *record, void *arg);
/** A sink that writes to syslog; @p arg is unused. */
PEAL_API void peal_trace_to_syslog(const peal_trace_record *record, void *arg);
/** Private to PEAL_TRACE(). */
PEAL_API extern uint8_t peal_trace_levels[PEAL_TRACE_PACKAGES];
/** Private to PEAL_TRACE(). */
PEAL_API void peal_trace_write(int package, int level, const void *object, const char *format, ...)
    PEAL_PRINTF(4, 5);
/** Traces when the package's level allows: one load and one test when off. */
#define PEAL_TRACE(package, level, object, ...)                                                   \
    do {                                                                                          \
        if ((level) <= PEAL_TRACE_LEVEL_BUILT_IN &&                                               \
            PEAL_UNLIKELY(__atomic_load_n(&peal_trace_levels[package], __ATOMIC_RELAXED) >=       \
                          (level)))                                                               \
            peal_trace_write((package), (level), (object), __VA_ARGS__);                          \
    } while (0)

/** Called when an assertion fails; may return (the code then takes its error path). */
typedef void peal_assert_handler(const char *file, int line, const char *expression);
/** Replaces the handler; NULL: trace and abort (only builds with asserts ever call it). */
PEAL_API void peal_set_assert_handler(peal_assert_handler *handler);
/** Private to PEAL_ASSERT(). */
PEAL_API void peal_assert_failed(const char *file, int line, const char *expression);
/** Says what must hold here; nothing in builds without asserts. */
/** Calls the handler when @p expression is false; nothing in builds without asserts. */
#if PEAL_HAVE_ASSERTS
#define PEAL_ASSERT(expression)                                                                   \
    ((expression) ? (void)0 : peal_assert_failed(__FILE__, __LINE__, #expression))
#else
#define PEAL_ASSERT(expression) ((void)0)
#endif

#ifdef __cplusplus
}
#endif
#endif
