/* SPDX-License-Identifier: MIT */
/* Role: clocks, randomness and error codes of POSIX systems, and the choice of port.
 * Thread: any. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#if HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif

#include "framework/port/port_priv.h"
#include "framework/port/posix_udp.h"

peal_port *peal_port_default(void)
{
#if PEAL_HAVE_LIBUV
    return &peal__port_uv;
#else
    return &peal__port_poll;
#endif
}

peal_port *peal_port_find(const char *name)
{
    if (!name) {
        return NULL;
    }
#if PEAL_HAVE_LIBUV
    if (strcmp(name, peal__port_uv.vt->name) == 0) {
        return &peal__port_uv;
    }
#endif
    return strcmp(name, peal__port_poll.vt->name) == 0 ? &peal__port_poll : NULL;
}

/* Reading these two clocks cannot fail where they exist, and POSIX requires them. */
uint64_t peal__posix_now_ns(peal_port *self)
{
    struct timespec t = { 0, 0 };
    (void)self;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t peal__posix_wall_us(peal_port *self)
{
    struct timespec t = { 0, 0 };
    (void)self;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static peal_result read_urandom(char *to, size_t bytes)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return PEAL_E_OS;
    }
    ssize_t n = 0;
    while (bytes && (n = read(fd, to, bytes)) != 0) {
        if (n > 0) {
            to += n;
            bytes -= (size_t)n;
        } else if (errno != EINTR) {
            break;
        }
    }
    (void)close(fd);
    return bytes ? PEAL_E_OS : PEAL_OK;
}

peal_result peal__posix_random(peal_port *self, void *buffer, size_t bytes)
{
    char *to = buffer;
    (void)self;
#if HAVE_GETRANDOM
    while (bytes) {
        ssize_t n = getrandom(to, bytes, 0);
        if (n > 0) {
            to += n;
            bytes -= (size_t)n;
        } else if (errno != EINTR) {
            break; /* an old kernel */
        }
    }
#endif
    return bytes ? read_urandom(to, bytes) : PEAL_OK;
}

peal_result peal__posix_result(int error)
{
    switch (error) {
    case 0:
        return PEAL_OK;
    case EADDRINUSE:
        return PEAL_E_ADDR_IN_USE;
    case EADDRNOTAVAIL:
        return PEAL_E_ADDR_NOT_AVAILABLE;
    case ECONNREFUSED:
        return PEAL_E_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return PEAL_E_UNREACHABLE;
    case EMSGSIZE:
        return PEAL_E_TOO_BIG;
    case EACCES:
    case EPERM:
        return PEAL_E_PERMISSION;
    case EMFILE:
    case ENFILE:
        return PEAL_E_NO_DESCRIPTORS;
    case ENOMEM:
        return PEAL_E_NO_MEMORY;
    case ENODEV:
        return PEAL_E_NOT_FOUND;
    case EAFNOSUPPORT:
        return PEAL_E_NOT_BUILT_IN;
    default:
        return PEAL_E_NET;
    }
}
