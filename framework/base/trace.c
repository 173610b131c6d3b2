/* SPDX-License-Identifier: MIT */
/* Role: trace records, their sinks, and assertions. Thread: any; the sink is set before others
 * trace. */
#define _POSIX_C_SOURCE 200809L /* flockfile() */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "framework/base/base_priv.h"

#if defined(__has_include)
#if __has_include(<syslog.h>)
#include <syslog.h>
#define HAVE_SYSLOG 1
#endif
#endif

enum { LINE_BYTES = 1024 };

/* Errors only, until somebody wants more. */
uint8_t peal_trace_levels[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
_Static_assert(sizeof peal_trace_levels == PEAL_TRACE_PACKAGES, "one level per package");
PEAL__THREAD_LOCAL const char *peal__trace_thread_name;
PEAL__THREAD_LOCAL peal_port *peal__trace_port;

static PEAL__THREAD_LOCAL bool writing; /* a sink that traces would never come to an end */
static peal_trace_sink *the_sink;
static void *the_sink_arg;
static peal_assert_handler *the_assert_handler; /* atomic */

static const char *const package_names[PEAL_TRACE_PACKAGES] = {
    "base", "ecom", "thread", "net", "parser", "transport", "transaction", "core", "service", "app",
};

void peal_trace_set_level(int package, int level)
{
    level = level < PEAL_TRACE_OFF ? PEAL_TRACE_OFF : level;
    level = level > PEAL_TRACE_MESSAGE ? PEAL_TRACE_MESSAGE : level;
    for (int i = 0; i < PEAL_TRACE_PACKAGES; i++) {
        if (package == -1 || package == i) {
            __atomic_store_n(&peal_trace_levels[i], (uint8_t)level, __ATOMIC_RELAXED);
        }
    }
}

void peal_trace_set_sink(peal_trace_sink *sink, void *arg)
{
    the_sink = sink;
    the_sink_arg = arg;
}

/* Text may come from a peer: nothing in it may forge a line or control a terminal. Whole messages
 * keep their line ends. */
static void write_text(FILE *file, peal_str text, bool keep_lines)
{
    size_t plain = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c >= 0x20 && c != 0x7f) || c == '\t' || (keep_lines && c == '\n')) {
            continue;
        }
        (void)fwrite(text.p + plain, 1, i - plain, file);
        plain = i + 1;
        if (!keep_lines || c != '\r') {
            (void)fprintf(file, "\\x%02x", c);
        }
    }
    (void)fwrite(text.p + plain, 1, text.n - plain, file);
}

/* A trace that cannot be written is lost; there is no better place to say so. */
void peal_trace_to_file(const peal_trace_record *record, void *arg)
{
    static const char letters[] = "-EWIDM";
    FILE *file = arg ? arg : stderr;
#if PEAL_HAVE_THREADS
    flockfile(file);
#endif
    (void)fprintf(file, "%" PRIu64 ".%06u %s %c %s", record->time_us / 1000000,
                  (unsigned)(record->time_us % 1000000), record->thread_name,
                  letters[record->level], record->package_name);
    if (record->object) {
        (void)fprintf(file, " %p", record->object);
    }
    (void)fputs(": ", file);
    write_text(file, record->text, record->level == PEAL_TRACE_MESSAGE);
    (void)fputc('\n', file);
    (void)fflush(file);
#if PEAL_HAVE_THREADS
    funlockfile(file);
#endif
}

void peal_trace_to_syslog(const peal_trace_record *record, void *arg)
{
    (void)arg;
#if HAVE_SYSLOG
    static const int priorities[] = { LOG_DEBUG, LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG,
                                      LOG_DEBUG };
    syslog(priorities[record->level], "%s %s: %.*s", record->thread_name, record->package_name,
           PEAL_STR_ARG(record->text));
#else
    peal_trace_to_file(record, NULL);
#endif
}

static uint64_t now_us(void)
{
    peal_port *port = peal__trace_port ? peal__trace_port : peal_port_default();
    return port->vt->now_ns(port) / 1000;
}

static void emit(int package, int level, const void *object, peal_str text)
{
    peal_trace_record record;
    memset(&record, 0, sizeof record);
    record.package = package;
    record.level = level;
    record.package_name = package_names[package];
    record.thread_name = peal__trace_thread_name ? peal__trace_thread_name : "-";
    record.time_us = now_us();
    record.object = object;
    record.text = text;
    if (the_sink) {
        the_sink(&record, the_sink_arg);
    } else {
        peal_trace_to_file(&record, stderr);
    }
}

void peal_trace_write(int package, int level, const void *object, const char *format, ...)
{
    char line[LINE_BYTES];
    char *longer = NULL;
    va_list args;
    int n;
    if (writing || package < 0 || package >= PEAL_TRACE_PACKAGES || level < PEAL_TRACE_ERROR ||
        level > PEAL_TRACE_MESSAGE) {
        return;
    }
    writing = true;
    va_start(args, format);
    n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n >= (int)sizeof line) {
        longer = peal_alloc((size_t)n + 1);
        if (longer) {
            va_start(args, format);
            (void)vsnprintf(longer, (size_t)n + 1, format, args);
            va_end(args);
        } else {
            n = (int)sizeof line - 1; /* a cut line rather than none */
        }
    }
    if (n >= 0) {
        emit(package, level, object, peal_str_of(longer ? longer : line, (size_t)n));
    }
    peal_free(longer);
    writing = false;
}

void peal_set_assert_handler(peal_assert_handler *handler)
{
    __atomic_store_n(&the_assert_handler, handler, __ATOMIC_RELEASE);
}

void peal_assert_failed(const char *file, int line, const char *expression)
{
    peal_assert_handler *handler = __atomic_load_n(&the_assert_handler, __ATOMIC_ACQUIRE);
    if (handler) {
        handler(file, line, expression);
        return;
    }
    peal_trace_write(PEAL_TRACE_BASE, PEAL_TRACE_ERROR, NULL, "%s:%d: assertion failed: %s", file,
                     line, expression);
    abort();
}
