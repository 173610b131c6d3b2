/* SPDX-License-Identifier: MIT */
/* Role: what the rest of the framework may know of the operating system's threads: a mutex that can
 * be initialised statically, thread-local storage, system threads, and an event to wait for. All of
 * it vanishes in a build without threads.
 * Thread: any. */
#ifndef PEAL_FRAMEWORK_PORT_PORT_OS_H
#define PEAL_FRAMEWORK_PORT_PORT_OS_H

#include <peal/base.h>

#if PEAL_HAVE_THREADS
#include <pthread.h>

/** Storage class of what each system thread has for itself. */
#define PEAL__THREAD_LOCAL _Thread_local
/** For the few such variables on hot paths: no call into the dynamic linker at each access. */
#define PEAL__TLS_FAST __attribute__((tls_model("initial-exec")))

/** A short-term lock; not recursive. */
typedef struct peal__mutex {
    pthread_mutex_t mutex;
} peal__mutex;
#define PEAL__MUTEX_INIT                                                                           \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }

/* Locking a valid, non-recursive mutex cannot fail, so there is nothing to hand on. */
PEAL_INLINE void peal__mutex_lock(peal__mutex *m)
{
    (void)pthread_mutex_lock(&m->mutex);
}
PEAL_INLINE void peal__mutex_unlock(peal__mutex *m)
{
    (void)pthread_mutex_unlock(&m->mutex);
}

/** A system thread. */
typedef struct peal__os_thread {
    pthread_t id;
    void (*run)(void *arg); /**< borrowed by the thread for as long as it lives */
    void *arg;
    const char *name;
} peal__os_thread;

#else

#define PEAL__THREAD_LOCAL
#define PEAL__TLS_FAST

typedef struct peal__mutex {
    char unused;
} peal__mutex;
#define PEAL__MUTEX_INIT                                                                           \
    {                                                                                              \
        0                                                                                          \
    }
PEAL_INLINE void peal__mutex_lock(peal__mutex *m)
{
    (void)m;
}
PEAL_INLINE void peal__mutex_unlock(peal__mutex *m)
{
    (void)m;
}

typedef struct peal__os_thread {
    void (*run)(void *arg);
    void *arg;
    const char *name;
} peal__os_thread;

#endif

/** A number of the calling system thread, never 0, never used again. */
uint64_t peal__os_self(void);
/** Starts a system thread that calls @p run once. @p thread and @p name (at most 15 bytes are
 * shown) must live as long as it does.
 * @param stack_bytes 0: the system's default @param priority 0: leave alone; else real-time
 * @return PEAL_OK, PEAL_E_NOT_BUILT_IN, PEAL_E_ARGUMENT (stack or priority), PEAL_E_PERMISSION,
 * PEAL_E_OS */
peal_result peal__os_thread_start(peal__os_thread *thread, const char *name, size_t stack_bytes,
                                  int priority, void (*run)(void *arg), void *arg);
/** Waits until a thread has ended. */
peal_result peal__os_thread_join(peal__os_thread *thread);
/** Nobody will join the calling thread, which this object describes. */
void peal__os_thread_detach(peal__os_thread *thread);
/** Gives other threads a chance after an error that would come again at once (about 1 ms). */
void peal__os_pause(void);

/** Whole pages of memory straight from the system, for pools: what is never touched costs nothing,
 * and what is given back really goes. @return NULL when exhausted or where there is no such thing
 */
void *peal__os_pages_new(size_t bytes);
/** Gives pages back, all that one call of peal__os_pages_new() gave. */
void peal__os_pages_free(void *pages, size_t bytes);
/** This system has pages. */
bool peal__os_has_pages(void);

/** Something that one thread waits for and another says, once. Lives on the waiter's stack. */
typedef struct peal__os_event peal__os_event;
#if PEAL_HAVE_THREADS
struct peal__os_event {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool is_set;
};
/** @return PEAL_OK, PEAL_E_OS */
peal_result peal__os_event_init(peal__os_event *event);
/** Waits until it is set, then ends it. @thread the one that made it */
void peal__os_event_wait(peal__os_event *event);
/** Ends the wait; the event must not be touched afterwards. @thread another */
void peal__os_event_set(peal__os_event *event);
#endif

#endif
