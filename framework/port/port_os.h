/* SPDX-License-Identifier: MIT */
/* Role: what the rest of the framework may know of the operating system's threads: a mutex that can
 * be initialised statically and thread-local storage. Both vanish in a build without threads.
 * Thread: any. */
#ifndef PEAL_FRAMEWORK_PORT_PORT_OS_H
#define PEAL_FRAMEWORK_PORT_PORT_OS_H

#include <peal/base.h>

#if PEAL_HAVE_THREADS
#include <pthread.h>

/** Storage class of what each system thread has for itself. */
#define PEAL__THREAD_LOCAL _Thread_local

/** A short-term lock; not recursive. */
typedef struct peal__mutex {
    pthread_mutex_t mutex;
} peal__mutex;
#define PEAL__MUTEX_INIT                                                                          \
    {                                                                                             \
        PTHREAD_MUTEX_INITIALIZER                                                                 \
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

#else

#define PEAL__THREAD_LOCAL

typedef struct peal__mutex {
    char unused;
} peal__mutex;
#define PEAL__MUTEX_INIT                                                                          \
    {                                                                                             \
        0                                                                                         \
    }
PEAL_INLINE void peal__mutex_lock(peal__mutex *m)
{
    (void)m;
}
PEAL_INLINE void peal__mutex_unlock(peal__mutex *m)
{
    (void)m;
}

#endif
#endif
