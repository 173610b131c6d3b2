/* SPDX-License-Identifier: MIT */
/* Role: system threads for those ports that have them (POSIX threads), and pages of memory.
 * Thread: any. */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "framework/port/port_os.h"

#define HAVE_PAGES (HAVE_MMAP && PEAL_HAVE_THREADS)
#if HAVE_PAGES
#include <sys/mman.h>
#endif

void peal__os_pause(void)
{
    const struct timespec short_time = { 0, 1000000 };
    (void)nanosleep(&short_time, NULL); /* a signal may end it early: all the better */
}

#if HAVE_PAGES

void *peal__os_pages_new(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void peal__os_pages_free(void *pages, size_t bytes)
{
    if (munmap(pages, bytes)) {
        /* The table of mappings is full: the memory goes all the same, only its addresses stay. */
        (void)madvise(pages, bytes, MADV_DONTNEED);
    }
}

bool peal__os_has_pages(void)
{
    return true;
}

#else

void *peal__os_pages_new(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void peal__os_pages_free(void *pages, size_t bytes)
{
    (void)pages;
    (void)bytes;
}

bool peal__os_has_pages(void)
{
    return false;
}

#endif

#if PEAL_HAVE_THREADS

uint64_t peal__os_self(void)
{
    static _Atomic uint64_t last;
    static PEAL__THREAD_LOCAL uint64_t self PEAL__TLS_FAST;
    if (PEAL_UNLIKELY(!self)) {
        self = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    }
    return self;
}

static void *thread_main(void *arg)
{
    peal__os_thread *thread = arg;
#if HAVE_PTHREAD_SETNAME_NP
    char shown[16] = "";
    strncpy(shown, thread->name, sizeof shown - 1);
    (void)pthread_setname_np(pthread_self(), shown); /* only a help for people */
#endif
    thread->run(thread->arg);
    return NULL;
}

static peal_result result_of(int error)
{
    switch (error) {
    case 0:
        return PEAL_OK;
    case EPERM:
        return PEAL_E_PERMISSION;
    case EINVAL:
        return PEAL_E_ARGUMENT;
    case ENOMEM:
    case EAGAIN: /* of a thread: no memory for it, or too many */
        return PEAL_E_NO_MEMORY;
    default:
        return PEAL_E_OS;
    }
}

static int set_priority(pthread_attr_t *attributes, int priority)
{
    struct sched_param parameters = { 0 };
    parameters.sched_priority = priority;
    int error = pthread_attr_setinheritsched(attributes, PTHREAD_EXPLICIT_SCHED);
    if (!error) {
        error = pthread_attr_setschedpolicy(attributes, SCHED_RR);
    }
    return error ? error : pthread_attr_setschedparam(attributes, &parameters);
}

peal_result peal__os_thread_start(peal__os_thread *thread, const char *name, size_t stack_bytes,
                                  int priority, void (*run)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error) {
        return result_of(error);
    }
    thread->run = run;
    thread->arg = arg;
    thread->name = name;
    if (stack_bytes) {
        error = pthread_attr_setstacksize(&attributes, stack_bytes);
    }
    if (!error && priority) {
        error = set_priority(&attributes, priority);
    }
    if (!error) {
        error = pthread_create(&thread->id, &attributes, thread_main, thread);
    }
    (void)pthread_attr_destroy(&attributes);
    return result_of(error);
}

peal_result peal__os_thread_join(peal__os_thread *thread)
{
    int error = pthread_join(thread->id, NULL);
    return error == EDEADLK ? PEAL_E_WOULD_DEADLOCK : result_of(error);
}

void peal__os_thread_detach(peal__os_thread *thread)
{
    (void)thread;
    (void)pthread_detach(pthread_self());
}

peal_result peal__os_event_init(peal__os_event *event)
{
    event->is_set = false;
    if (pthread_mutex_init(&event->mutex, NULL)) {
        return PEAL_E_OS;
    }
    if (pthread_cond_init(&event->cond, NULL)) {
        (void)pthread_mutex_destroy(&event->mutex);
        return PEAL_E_OS;
    }
    return PEAL_OK;
}

void peal__os_event_wait(peal__os_event *event)
{
    (void)pthread_mutex_lock(&event->mutex);
    while (!event->is_set) {
        (void)pthread_cond_wait(&event->cond, &event->mutex);
    }
    (void)pthread_mutex_unlock(&event->mutex);
    (void)pthread_cond_destroy(&event->cond);
    (void)pthread_mutex_destroy(&event->mutex);
}

void peal__os_event_set(peal__os_event *event)
{
    (void)pthread_mutex_lock(&event->mutex);
    event->is_set = true;
    /* Signalled under the lock: the waiter ends the event as soon as it gets the lock. */
    (void)pthread_cond_signal(&event->cond);
    (void)pthread_mutex_unlock(&event->mutex);
}

#else

uint64_t peal__os_self(void)
{
    return 1;
}

peal_result peal__os_thread_start(peal__os_thread *thread, const char *name, size_t stack_bytes,
                                  int priority, void (*run)(void *arg), void *arg)
{
    (void)thread;
    (void)name;
    (void)stack_bytes;
    (void)priority;
    (void)run;
    (void)arg;
    return PEAL_E_NOT_BUILT_IN;
}

peal_result peal__os_thread_join(peal__os_thread *thread)
{
    (void)thread;
    return PEAL_E_NOT_BUILT_IN;
}

void peal__os_thread_detach(peal__os_thread *thread)
{
    (void)thread;
}

#endif
