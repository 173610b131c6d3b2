/* SPDX-License-Identifier: MIT */
/* Role: text forms of IP addresses (RFC 4291 §2.2, written as RFC 5952 says) and comparisons. No
 * call of the operating system. Thread: any. */
#include <peal/socket_addr.h>

/* ---- Parsing ---- */

static bool parse_ipv4(peal_str s, uint8_t ip[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t first = i;
        while (i < s.n && i - first < 4 && s.p[i] >= '0' && s.p[i] <= '9') {
            value = value * 10 + (unsigned)(s.p[i++] - '0');
        }
        /* A leading zero would be octal to some readers. */
        if (i == first || value > 255 || (i - first > 1 && s.p[first] == '0')) {
            return false;
        }
        ip[part] = (uint8_t)value;
        if (part < 3 && (i == s.n || s.p[i++] != '.')) {
            return false;
        }
    }
    return i == s.n;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One group of 1 to 4 hexadecimal digits; gives how many there were, 0 when it is no group. */
static size_t parse_group(peal_str s, unsigned *ret)
{
    unsigned value = 0;
    size_t i = 0;
    while (i < s.n && hex_value(s.p[i]) >= 0) {
        if (i == 4) {
            return 0;
        }
        value = value << 4 | (unsigned)hex_value(s.p[i++]);
    }
    *ret = value;
    return i;
}

/* Groups separated by ':' as far as they go, the last perhaps an IPv4 address.
 * @return bytes written to @p ip, or -1 */
static int parse_groups(peal_str s, uint8_t *ip, int room)
{
    int at = 0;
    size_t i = 0;
    while (s.n) {
        unsigned value;
        size_t n = parse_group(peal_str_of(s.p + i, s.n - i), &value);
        if (n && (i + n == s.n || s.p[i + n] == ':') && at + 2 <= room) {
            ip[at++] = (uint8_t)(value >> 8);
            ip[at++] = (uint8_t)value;
        } else if (at + 4 <= room && parse_ipv4(peal_str_of(s.p + i, s.n - i), ip + at)) {
            return at + 4;
        } else {
            return -1;
        }
        i += n;
        if (i == s.n) {
            return at;
        }
        if (++i == s.n) {
            return -1; /* ends with a single colon */
        }
    }
    return 0;
}

static bool parse_ipv6(peal_str s, uint8_t ip[16])
{
    uint8_t tail[16];
    size_t gap = 0;
    int before, after;
    while (gap + 1 < s.n && (s.p[gap] != ':' || s.p[gap + 1] != ':')) {
        gap++;
    }
    if (gap + 1 >= s.n) {
        return parse_groups(s, ip, 16) == 16;
    }
    memset(ip, 0, 16);
    /* The gap stands for one group at least. */
    before = parse_groups(peal_str_of(s.p, gap), ip, 14);
    if (before < 0 || memchr(s.p, '.', gap)) {
        return false;
    }
    after = parse_groups(peal_str_of(s.p + gap + 2, s.n - gap - 2), tail, 14 - before);
    if (after < 0) {
        return false;
    }
    memcpy(ip + 16 - after, tail, (size_t)after);
    return true;
}

static bool parse_scoped_ipv6(peal_str s, peal_socket_addr *addr)
{
    const char *percent = memchr(s.p, '%', s.n);
    uint64_t scope = 0;
    if (percent) {
        size_t n = (size_t)(percent - s.p);
        if (peal_is_error(peal_str_to_u64(peal_str_of(percent + 1, s.n - n - 1), UINT32_MAX,
                                          &scope))) {
            return false;
        }
        s.n = n;
    }
    addr->family = PEAL_AF_IPV6;
    addr->scope = (uint32_t)scope;
    return parse_ipv6(s, addr->ip);
}

peal_result peal_socket_addr_parse(peal_str host, uint16_t port, peal_socket_addr *ret)
{
    peal_socket_addr addr;
    bool ok;
    memset(&addr, 0, sizeof addr);
    if (host.n == 0) {
        return PEAL_E_SYNTAX;
    }
    if (host.p[0] == '[') {
        ok = host.n > 2 && host.p[host.n - 1] == ']' &&
             parse_scoped_ipv6(peal_str_of(host.p + 1, host.n - 2), &addr);
    } else if (memchr(host.p, ':', host.n)) {
        ok = parse_scoped_ipv6(host, &addr);
    } else {
        addr.family = PEAL_AF_IPV4;
        ok = parse_ipv4(host, addr.ip);
    }
    if (!ok) {
        return PEAL_E_SYNTAX;
    }
    addr.port = port;
    *ret = addr;
    return PEAL_OK;
}

peal_result peal_socket_addr_parse_network(peal_str text, peal_socket_addr *ret,
                                           unsigned *ret_prefix_bits)
{
    peal_socket_addr addr;
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    size_t n = slash ? (size_t)(slash - text.p) : text.n;
    uint64_t bits;
    peal_result r = peal_socket_addr_parse(peal_str_of(text.p, n), 0, &addr);
    if (peal_is_error(r)) {
        return r;
    }
    bits = addr.family == PEAL_AF_IPV4 ? 32 : 128;
    if (slash) {
        r = peal_str_to_u64(peal_str_of(slash + 1, text.n - n - 1), bits, &bits);
        if (peal_is_error(r)) {
            return r;
        }
    }
    *ret = addr;
    *ret_prefix_bits = (unsigned)bits;
    return PEAL_OK;
}

/* ---- Writing ---- */

static char *put_uint(char *p, uint32_t value)
{
    char digits[10];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n) {
        *p++ = digits[--n];
    }
    return p;
}

static char *put_ipv4(char *p, const uint8_t *ip)
{
    for (int i = 0; i < 4; i++) {
        p = put_uint(p, ip[i]);
        *p++ = '.';
    }
    return p - 1;
}

static char *put_group(char *p, unsigned value)
{
    bool any = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 15;
        any = any || digit || shift == 0;
        if (any) {
            *p++ = "0123456789abcdef"[digit];
        }
    }
    return p;
}

/* The longest run of two or more zero groups, the first of equal ones (RFC 5952 §4.2). */
static int longest_zeros(const uint8_t *ip, int *ret_groups)
{
    int best = -1, best_groups = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && !ip[2 * (i + n)] && !ip[2 * (i + n) + 1]) {
            n++;
        }
        if (n > best_groups) {
            best = i;
            best_groups = n;
        }
    }
    *ret_groups = best_groups;
    return best;
}

static char *put_ipv6(char *p, const uint8_t *ip)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    int zeros, gap;
    if (memcmp(ip, mapped, sizeof mapped) == 0) {
        memcpy(p, "::ffff:", 7); /* RFC 5952 §5 */
        return put_ipv4(p + 7, ip + 12);
    }
    gap = longest_zeros(ip, &zeros);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            *p++ = ':';
            i += zeros - 1;
            if (i == 7) {
                *p++ = ':';
            }
            continue;
        }
        if (i) {
            *p++ = ':';
        }
        p = put_group(p, (unsigned)ip[2 * i] << 8 | ip[2 * i + 1]);
    }
    return p;
}

size_t peal_socket_addr_format(const peal_socket_addr *addr, bool with_port,
                               char text[PEAL_SOCKET_ADDR_TEXT_MAX])
{
    char *p = text;
    if (addr->family == PEAL_AF_IPV4) {
        p = put_ipv4(p, addr->ip);
    } else if (addr->family == PEAL_AF_IPV6) {
        *p++ = '[';
        p = put_ipv6(p, addr->ip);
        if (addr->scope) {
            *p++ = '%';
            p = put_uint(p, addr->scope);
        }
        *p++ = ']';
    } else {
        *p++ = '-';
        with_port = false;
    }
    if (with_port) {
        *p++ = ':';
        p = put_uint(p, addr->port);
    }
    *p = '\0';
    return (size_t)(p - text);
}

/* ---- Comparing ---- */

bool peal_socket_addr_eq(const peal_socket_addr *a, const peal_socket_addr *b, bool with_port)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0 &&
           a->scope == b->scope && (!with_port || a->port == b->port);
}

bool peal_socket_addr_is_any(const peal_socket_addr *addr)
{
    static const uint8_t zeros[16];
    return addr->family != PEAL_AF_NONE && memcmp(addr->ip, zeros, sizeof zeros) == 0;
}

bool peal_socket_addr_is_multicast(const peal_socket_addr *addr)
{
    if (addr->family == PEAL_AF_IPV4) {
        static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
        return addr->ip[0] >> 4 == 14 || memcmp(addr->ip, broadcast, sizeof broadcast) == 0;
    }
    return addr->family == PEAL_AF_IPV6 && addr->ip[0] == 0xff;
}

bool peal_socket_addr_in_network(const peal_socket_addr *addr, const peal_socket_addr *network,
                                 unsigned prefix_bits)
{
    unsigned bytes = prefix_bits / 8, rest = prefix_bits % 8;
    if (addr->family != network->family || addr->family == PEAL_AF_NONE ||
        prefix_bits > (addr->family == PEAL_AF_IPV4 ? 32u : 128u)) {
        return false;
    }
    if (memcmp(addr->ip, network->ip, bytes) != 0) {
        return false;
    }
    return rest == 0 || (addr->ip[bytes] ^ network->ip[bytes]) >> (8 - rest) == 0;
}
