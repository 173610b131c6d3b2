/* SPDX-License-Identifier: MIT */
/* Role: UDP sockets on POSIX systems, for every port that has descriptors: batches, packet info
 * both ways (a reply leaves by the address its request came to), the error queue, options. What a
 * system lacks (recvmmsg, error queue) is done without. Thread: the loop's. RFC 3542, RFC 1122
 * §4.1.3.5. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#if HAVE_LINUX_ERRQUEUE_H
#include <time.h>

#include <linux/errqueue.h>
#endif

#include "framework/port/posix_udp.h"

#if HAVE_LINUX_ERRQUEUE_H && defined(IP_RECVERR)
#define HAVE_ERROR_QUEUE 1
#else
#define HAVE_ERROR_QUEUE 0
#endif

/* BATCH: datagrams per system call. An error that an earlier datagram left behind is reported by
 * the next call, which does nothing else; so many such are swallowed, the error queue has the
 * details. */
enum { BATCH = 32, LEFT_BEHIND_MAX = 3, CONTROL_BYTES = 64 };

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

typedef union control {
    struct cmsghdr align;
    char bytes[CONTROL_BYTES];
} control;

/* ---- addresses ---- */

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void set_ipv6(struct in6_addr *to, const peal_socket_addr *from)
{
    if (from->family == PEAL_AF_IPV4) {
        memcpy(to->s6_addr, v4_mapped, sizeof v4_mapped);
        memcpy(to->s6_addr + sizeof v4_mapped, from->ip, 4);
    } else {
        memcpy(to->s6_addr, from->ip, 16);
    }
}

/* For a socket of @p family; length 0 when it cannot carry this address. */
static socklen_t to_system(uint8_t family, const peal_socket_addr *from, address *to)
{
    if (from->family == PEAL_AF_NONE || (family == PEAL_AF_IPV4 && from->family != family)) {
        return 0;
    }
    memset(to, 0, sizeof *to);
    if (family == PEAL_AF_IPV4) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(from->port);
        memcpy(&to->v4.sin_addr, from->ip, 4);
        return sizeof to->v4;
    }
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(from->port);
    to->v6.sin6_scope_id = from->scope;
    set_ipv6(&to->v6.sin6_addr, from);
    return sizeof to->v6;
}

static void from_ipv4(const struct in_addr *from, uint16_t port, peal_socket_addr *to)
{
    memset(to, 0, sizeof *to);
    memcpy(to->ip, from, 4);
    to->port = port;
    to->family = PEAL_AF_IPV4;
}

static void from_ipv6(const struct in6_addr *from, uint32_t scope, uint16_t port,
                      peal_socket_addr *to)
{
    memset(to, 0, sizeof *to);
    to->port = port;
    if (memcmp(from->s6_addr, v4_mapped, sizeof v4_mapped) == 0) {
        memcpy(to->ip, from->s6_addr + sizeof v4_mapped, 4);
        to->family = PEAL_AF_IPV4;
        return;
    }
    memcpy(to->ip, from->s6_addr, 16);
    to->family = PEAL_AF_IPV6;
    to->scope = IN6_IS_ADDR_LINKLOCAL(from) ? scope : 0;
}

static void from_system(const address *from, peal_socket_addr *to)
{
    if (from->any.sa_family == AF_INET) {
        from_ipv4(&from->v4.sin_addr, ntohs(from->v4.sin_port), to);
    } else if (from->any.sa_family == AF_INET6) {
        from_ipv6(&from->v6.sin6_addr, from->v6.sin6_scope_id, ntohs(from->v6.sin6_port), to);
    } else {
        memset(to, 0, sizeof *to);
    }
}

/* ---- opening ---- */

static peal_result set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) ? peal__posix_result(errno) : PEAL_OK;
}

/* Asks for more than the system's limit where we are privileged. */
static peal_result set_buffer(int fd, int forced_name, int name, uint32_t bytes)
{
    int value = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;
    if (!bytes || (forced_name && set_int(fd, SOL_SOCKET, forced_name, value) == PEAL_OK)) {
        return PEAL_OK;
    }
    return set_int(fd, SOL_SOCKET, name, value);
}

static peal_result set_buffers(int fd, const peal_sock_options *options)
{
#if defined(SO_RCVBUFFORCE) && defined(SO_SNDBUFFORCE)
    const int forced[2] = { SO_RCVBUFFORCE, SO_SNDBUFFORCE };
#else
    const int forced[2] = { 0, 0 };
#endif
    peal_result r = set_buffer(fd, forced[0], SO_RCVBUF, options->recv_buf_bytes);
    return r < 0 ? r : set_buffer(fd, forced[1], SO_SNDBUF, options->send_buf_bytes);
}

static peal_result set_dscp(const peal__udp *udp, int dscp)
{
    if (dscp < 0) {
        return PEAL_OK;
    }
    if (dscp > 63) {
        return PEAL_E_RANGE;
    }
    if (udp->family == PEAL_AF_IPV6) {
        return set_int(udp->fd, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
    }
    return set_int(udp->fd, IPPROTO_IP, IP_TOS, dscp << 2);
}

static peal_result bind_to_interface(int fd, const char *name)
{
    if (!name) {
        return PEAL_OK;
    }
#ifdef SO_BINDTODEVICE
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1)) {
        return peal__posix_result(errno);
    }
    return PEAL_OK;
#else
    (void)fd;
    return PEAL_E_NOT_BUILT_IN;
#endif
}

/* Extras without which the socket still works: where they lack, errors come by time-out alone. */
static void want_errors(const peal__udp *udp, bool v6_only)
{
#if HAVE_ERROR_QUEUE
    if (udp->family == PEAL_AF_IPV4 || !v6_only) {
        (void)set_int(udp->fd, IPPROTO_IP, IP_RECVERR, 1);
    }
    if (udp->family == PEAL_AF_IPV6) {
        (void)set_int(udp->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
#ifdef SO_SELECT_ERR_QUEUE
    (void)set_int(udp->fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1); /* port_uv.c depends on POLLPRI */
#endif
#else
    (void)udp;
    (void)v6_only;
#endif
}

static peal_result want_packet_info(const peal__udp *udp)
{
    if (udp->family == PEAL_AF_IPV6) {
        return set_int(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
#ifdef IP_PKTINFO
    return set_int(udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
#else
    return PEAL_OK;
#endif
}

static peal_result configure(peal__udp *udp, const peal_socket_addr *local,
                             const peal_sock_options *options)
{
    peal_result r = set_buffers(udp->fd, options);
    if (r == PEAL_OK && udp->family == PEAL_AF_IPV6) {
        r = set_int(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
    }
    if (r == PEAL_OK && options->reuse_addr) {
        r = set_int(udp->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    if (r == PEAL_OK) {
        r = set_dscp(udp, options->dscp);
    }
    if (r == PEAL_OK) {
        r = bind_to_interface(udp->fd, options->interface_name);
    }
    udp->is_wildcard = peal_socket_addr_is_any(local);
    if (r == PEAL_OK && udp->is_wildcard) {
        r = want_packet_info(udp);
    }
    want_errors(udp, options->v6_only);
    return r;
}

static peal_result bind_to(peal__udp *udp, const peal_socket_addr *local)
{
    address system;
    socklen_t bytes = to_system(udp->family, local, &system);
    if (bind(udp->fd, &system.any, bytes) || getsockname(udp->fd, &system.any, &bytes)) {
        return peal__posix_result(errno);
    }
    from_system(&system, &udp->local);
    udp->local.family = udp->family; /* never mistaken for a mapped one */
    return PEAL_OK;
}

peal_result peal__udp_open(const peal_socket_addr *bind, const peal_sock_options *options,
                           peal__udp *ret)
{
    static const peal_sock_options defaults = { .size = sizeof defaults, .dscp = -1 };
    peal__udp udp = { .fd = -1, .family = bind->family };
    if (udp.family != PEAL_AF_IPV4 && udp.family != PEAL_AF_IPV6) {
        return PEAL_E_ARGUMENT;
    }
    if (udp.family == PEAL_AF_IPV6 && !PEAL_HAVE_IPV6) {
        return PEAL_E_NOT_BUILT_IN;
    }
    udp.fd = socket(udp.family == PEAL_AF_IPV4 ? AF_INET : AF_INET6,
                    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp.fd < 0) {
        return peal__posix_result(errno);
    }
    peal_result r = configure(&udp, bind, options ? options : &defaults);
    if (r == PEAL_OK) {
        r = bind_to(&udp, bind);
    }
    if (r < 0) {
        (void)close(udp.fd);
        return r;
    }
    *ret = udp;
    return PEAL_OK;
}

void peal__udp_close(peal__udp *udp)
{
    (void)close(udp->fd);
    udp->fd = -1;
}

/* ---- receiving ---- */

/* Which of our addresses a datagram came to: bound ones know without asking. */
static void find_local(const peal__udp *udp, struct msghdr *header, peal_socket_addr *ret)
{
    *ret = udp->local;
    if (!udp->is_wildcard) {
        return;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
#ifdef IP_PKTINFO
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            /* spec_dst is an address of ours also when the datagram was broadcast. */
            from_ipv4(&info.ipi_spec_dst, udp->local.port, ret);
            return;
        }
#endif
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) {
                from_ipv6(&info.ipi6_addr, info.ipi6_ifindex, udp->local.port, ret);
            }
            return;
        }
    }
}

static void received(const peal__udp *udp, struct msghdr *header, size_t bytes, const address *from,
                     peal_datagram *datagram)
{
    from_system(from, &datagram->peer);
    find_local(udp, header, &datagram->local);
    datagram->bytes = bytes;
    datagram->result = header->msg_flags & MSG_TRUNC ? PEAL_E_TOO_BIG : PEAL_OK;
}

static void prepare_receive(const peal__udp *udp, struct msghdr *header, struct iovec *data,
                            address *from, control *info, const peal_datagram *datagram)
{
    memset(header, 0, sizeof *header);
    data->iov_base = datagram->data;
    data->iov_len = datagram->bytes;
    header->msg_name = from;
    header->msg_namelen = sizeof *from;
    header->msg_iov = data;
    header->msg_iovlen = 1;
    if (udp->is_wildcard) {
        header->msg_control = info;
        header->msg_controllen = sizeof *info;
    }
}

static bool is_left_behind(int error)
{
    switch (error) {
    case EINTR:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EPROTO:
    case EMSGSIZE:
    case EACCES:
        return true;
    default:
        return false;
    }
}

static bool is_would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

#if HAVE_RECVMMSG
static int receive_some(const peal__udp *udp, peal_datagram *datagrams, size_t count)
{
    struct mmsghdr headers[BATCH];
    struct iovec data[BATCH];
    address from[BATCH];
    control info[BATCH];
    for (size_t i = 0; i < count; ++i) {
        prepare_receive(udp, &headers[i].msg_hdr, &data[i], &from[i], &info[i], &datagrams[i]);
    }
    int n = recvmmsg(udp->fd, headers, (unsigned)count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; ++i) {
        received(udp, &headers[i].msg_hdr, headers[i].msg_len, &from[i], &datagrams[i]);
    }
    return n;
}
#else
static int receive_some(const peal__udp *udp, peal_datagram *datagrams, size_t count)
{
    struct msghdr header;
    struct iovec data;
    address from;
    control info;
    (void)count;
    prepare_receive(udp, &header, &data, &from, &info, datagrams);
    ssize_t n = recvmsg(udp->fd, &header, MSG_DONTWAIT);
    if (n < 0) {
        return -1;
    }
    received(udp, &header, (size_t)n, &from, datagrams);
    return 1;
}
#endif

peal_result peal__udp_recv(const peal__udp *udp, peal_datagram *datagrams, size_t count,
                           size_t *ret)
{
    size_t done = 0;
    int left_behind = 0;
    peal_result r = PEAL_OK;
    while (done < count) {
        size_t want = count - done < BATCH ? count - done : BATCH;
        int n = receive_some(udp, datagrams + done, want);
        if (n > 0) {
            done += (size_t)n;
            if (HAVE_RECVMMSG && (size_t)n < want) {
                break; /* no more are there: saves the call that would say so */
            }
        } else if (is_would_block(errno)) {
            r = PEAL_E_WOULD_BLOCK;
            break;
        } else if (!is_left_behind(errno) || ++left_behind > LEFT_BEHIND_MAX) {
            r = is_left_behind(errno) ? PEAL_E_WOULD_BLOCK : peal__posix_result(errno);
            break;
        }
    }
    *ret = done;
    return done ? PEAL_OK : r;
}

/* ---- sending ---- */

/* Packet info is needed only where the system would choose the source, and wrongly. */
static void put_source(const peal__udp *udp, struct msghdr *header, control *info,
                       const peal_socket_addr *local)
{
    if (!udp->is_wildcard || local->family == PEAL_AF_NONE || peal_socket_addr_is_any(local)) {
        return;
    }
    memset(info, 0, sizeof *info);
    header->msg_control = info;
    header->msg_controllen = sizeof *info;
    struct cmsghdr *c = CMSG_FIRSTHDR(header);
    if (udp->family == PEAL_AF_IPV6) {
        struct in6_pktinfo source;
        memset(&source, 0, sizeof source);
        set_ipv6(&source.ipi6_addr, local);
        source.ipi6_ifindex = local->scope;
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof source);
        memcpy(CMSG_DATA(c), &source, sizeof source);
        header->msg_controllen = CMSG_SPACE(sizeof source);
        return;
    }
#ifdef IP_PKTINFO
    struct in_pktinfo source;
    memset(&source, 0, sizeof source);
    memcpy(&source.ipi_spec_dst, local->ip, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof source);
    memcpy(CMSG_DATA(c), &source, sizeof source);
    header->msg_controllen = CMSG_SPACE(sizeof source);
#else
    header->msg_control = NULL;
    header->msg_controllen = 0;
#endif
}

static void prepare_send(const peal__udp *udp, struct msghdr *header, struct iovec *data,
                         address *to, control *info, const peal_datagram *datagram)
{
    memset(header, 0, sizeof *header);
    data->iov_base = datagram->data;
    data->iov_len = datagram->bytes;
    header->msg_name = to;
    header->msg_namelen = to_system(udp->family, &datagram->peer, to);
    header->msg_iov = data;
    header->msg_iovlen = 1;
    put_source(udp, header, info, &datagram->local);
}

/* How many of the datagrams can go to this socket's family and bound address. */
static size_t count_sendable(const peal__udp *udp, const peal_datagram *datagrams, size_t count)
{
    size_t n = 0;
    for (; n < count && n < BATCH; ++n) {
        const peal_datagram *d = &datagrams[n];
        if (d->peer.family == PEAL_AF_NONE || d->peer.port == 0 ||
            (udp->family == PEAL_AF_IPV4 && d->peer.family != PEAL_AF_IPV4)) {
            break;
        }
        if (!udp->is_wildcard && d->local.family != PEAL_AF_NONE &&
            !peal_socket_addr_is_any(&d->local) &&
            !peal_socket_addr_eq(&d->local, &udp->local, false)) {
            break;
        }
    }
    return n;
}

#if HAVE_SENDMMSG
static int send_some(const peal__udp *udp, const peal_datagram *datagrams, size_t count)
{
    struct mmsghdr headers[BATCH];
    struct iovec data[BATCH];
    address to[BATCH];
    control info[BATCH];
    for (size_t i = 0; i < count; ++i) {
        prepare_send(udp, &headers[i].msg_hdr, &data[i], &to[i], &info[i], &datagrams[i]);
    }
    return sendmmsg(udp->fd, headers, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
#else
static int send_some(const peal__udp *udp, const peal_datagram *datagrams, size_t count)
{
    struct msghdr header;
    struct iovec data;
    address to;
    control info;
    (void)count;
    prepare_send(udp, &header, &data, &to, &info, datagrams);
    return sendmsg(udp->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 1;
}
#endif

static peal_result result_of_one(const peal__udp *udp, const peal_datagram *datagram, int error)
{
    if (error == ENOBUFS) {
        return PEAL_OK; /* dropped by the device's queue: a loss like any other on the way */
    }
    if (error == EINVAL && udp->is_wildcard && datagram->local.family != PEAL_AF_NONE) {
        return PEAL_E_ADDR_NOT_AVAILABLE; /* Linux: the packet info names no address of ours */
    }
    return peal__posix_result(error);
}

static peal_result refusal(const peal_datagram *datagram)
{
    return datagram->peer.family == PEAL_AF_NONE || datagram->peer.port == 0
               ? PEAL_E_ARGUMENT
               : PEAL_E_ADDR_NOT_AVAILABLE;
}

peal_result peal__udp_send(const peal__udp *udp, peal_datagram *datagrams, size_t count,
                           size_t *ret)
{
    size_t done = 0;
    int left_behind = 0;
    while (done < count) {
        size_t batch = count_sendable(udp, datagrams + done, count - done);
        int n = batch ? send_some(udp, datagrams + done, batch) : 0;
        if (n > 0) {
            for (int i = 0; i < n; ++i) {
                datagrams[done++].result = PEAL_OK;
            }
            left_behind = 0;
        } else if (n == 0) {
            datagrams[done].result = refusal(&datagrams[done]);
            ++done;
        } else if (is_would_block(errno)) {
            *ret = done;
            return PEAL_E_WOULD_BLOCK;
        } else if (!is_left_behind(errno) || ++left_behind > LEFT_BEHIND_MAX) {
            datagrams[done].result = result_of_one(udp, &datagrams[done], errno);
            ++done;
            left_behind = 0;
        }
    }
    *ret = done;
    return PEAL_OK;
}

/* ---- the error queue ---- */

#if HAVE_ERROR_QUEUE
static peal_result error_of(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            struct sock_extended_err extended;
            memcpy(&extended, CMSG_DATA(c), sizeof extended);
            return peal__posix_result((int)extended.ee_errno);
        }
    }
    return PEAL_E_NET;
}

peal_result peal__udp_error(const peal__udp *udp, peal_sock_error *ret, void *buffer, size_t bytes)
{
    _Alignas(struct cmsghdr) char info[512];
    address to;
    struct iovec data = { buffer, bytes };
    struct msghdr header = { .msg_name = &to,
                             .msg_namelen = sizeof to,
                             .msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = info,
                             .msg_controllen = sizeof info };
    memset(&to, 0, sizeof to);
    ssize_t n;
    do {
        n = recvmsg(udp->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return is_would_block(errno) ? PEAL_E_WOULD_BLOCK : peal__posix_result(errno);
    }
    from_system(&to, &ret->peer);
    ret->bytes = (size_t)n;
    ret->result = error_of(&header);
    return PEAL_OK;
}
#else
peal_result peal__udp_error(const peal__udp *udp, peal_sock_error *ret, void *buffer, size_t bytes)
{
    (void)udp;
    (void)ret;
    (void)buffer;
    (void)bytes;
    return PEAL_E_WOULD_BLOCK;
}
#endif
