/* SPDX-License-Identifier: MIT */
/** @file
 * IP addresses with ports: IPv4, IPv6 with scope; text forms; networks. A value, no ownership. */
#ifndef PEAL_SOCKET_ADDR_H
#define PEAL_SOCKET_ADDR_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Families. */
enum { PEAL_AF_NONE = 0, PEAL_AF_IPV4 = 4, PEAL_AF_IPV6 = 6 };

/** An address and port. Zeroed: none. */
typedef struct peal_socket_addr {
    uint8_t ip[16];  /**< network order; IPv4 uses the first four, the others are 0 */
    uint32_t scope;  /**< IPv6 zone index, 0 if none */
    uint16_t port;   /**< host order */
    uint8_t family;  /**< PEAL_AF_… */
    uint8_t spare;   /**< 0 */
} peal_socket_addr;

/** Longest text of peal_socket_addr_format(), with its NUL. */
#define PEAL_SOCKET_ADDR_TEXT_MAX 64

/** Parses a numeric host: "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%2". Never asks DNS.
 * @return PEAL_OK, PEAL_E_SYNTAX */
PEAL_API peal_result peal_socket_addr_parse(peal_str host, uint16_t port, peal_socket_addr *ret);
/** Parses a network: "192.0.2.0/24", "2001:db8::/32"; a lone address is a network of its own.
 * @return PEAL_OK, PEAL_E_SYNTAX, PEAL_E_RANGE when the prefix is too long */
PEAL_API peal_result peal_socket_addr_parse_network(peal_str text, peal_socket_addr *ret,
                                                    unsigned *ret_prefix_bits);
/** Writes "192.0.2.1:5060" or "[2001:db8::1]:5060" (without a port when @p with_port is false; IPv6
 * always in brackets, lower case, RFC 5952); "-" for none. @return length without NUL */
PEAL_API size_t peal_socket_addr_format(const peal_socket_addr *addr, bool with_port,
                                        char text[PEAL_SOCKET_ADDR_TEXT_MAX]);
/** Same family, address, scope (and port if @p with_port). */
PEAL_API bool peal_socket_addr_eq(const peal_socket_addr *a, const peal_socket_addr *b,
                                  bool with_port);
/** 0.0.0.0 or ::. */
PEAL_API bool peal_socket_addr_is_any(const peal_socket_addr *addr);
/** Multicast or IPv4 broadcast: never a destination of SIP requests answered blindly. */
PEAL_API bool peal_socket_addr_is_multicast(const peal_socket_addr *addr);
/** The first @p prefix_bits of both addresses are equal and the families too. */
PEAL_API bool peal_socket_addr_in_network(const peal_socket_addr *addr,
                                          const peal_socket_addr *network, unsigned prefix_bits);

#ifdef __cplusplus
}
#endif
#endif
