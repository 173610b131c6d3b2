/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

#include <peal/socket_addr.h>
#include <stdio.h>

static peal_socket_addr parsed(const char *host, uint16_t port)
{
    peal_socket_addr a;
    ck_assert_msg(peal_socket_addr_parse(peal_str_z(host), port, &a) == PEAL_OK, "%s", host);
    return a;
}

START_TEST(numeric_hosts_are_read_and_written_as_rfc_5952_says)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1:5060" },
        { "0.0.0.0", "0.0.0.0:5060" },
        { "255.255.255.255", "255.255.255.255:5060" },
        { "::", "[::]:5060" },
        { "::1", "[::1]:5060" },
        { "[::1]", "[::1]:5060" },
        { "1::", "[1::]:5060" },
        { "2001:DB8::1", "[2001:db8::1]:5060" },
        { "2001:0db8:0:0:0:0:0:1", "[2001:db8::1]:5060" },
        { "2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:5060" },
        { "2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:5060" },
        { "2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:5060" },
        { "::2:3:4:5:6:7:8", "[0:2:3:4:5:6:7:8]:5060" },
        { "1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7:0]:5060" },
        { "::ffff:192.0.2.128", "[::ffff:192.0.2.128]:5060" },
        { "64:ff9b::192.0.2.33", "[64:ff9b::c000:221]:5060" },
        { "1:2:3:4:5:6:192.0.2.33", "[1:2:3:4:5:6:c000:221]:5060" },
        { "fe80::1%2", "[fe80::1%2]:5060" },
        { "[fe80::1%4294967295]", "[fe80::1%4294967295]:5060" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
          "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:5060" },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(cases); i++) {
        char text[PEAL_SOCKET_ADDR_TEXT_MAX];
        peal_socket_addr a = parsed(cases[i].in, 5060), back;
        ck_assert_uint_eq(peal_socket_addr_format(&a, true, text), strlen(cases[i].out));
        ck_assert_str_eq(text, cases[i].out);
        peal_socket_addr_format(&a, false, text);
        back = parsed(text, 5060);
        ck_assert_mem_eq(&a, &back, sizeof a);
    }
}
END_TEST

START_TEST(what_is_no_numeric_host_is_refused)
{
    static const char *const wrong[] = {
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "1..3.4", "1.2.3.",
        ".1.2.3", "1.2.3.4x", "0000.1.2.3", "example.com", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "12345::", "g::", ":1::2",
        "1::2:", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "[::1", "::1]",
        "[]", "[", "[1.2.3.4]", "fe80::1%", "fe80::1%x", "fe80::1%4294967296", "fe80::1%eth0",
        "%1", "1.2.3.4%1", "[::1]x", "::%1%2",
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(wrong); i++) {
        peal_socket_addr a;
        memset(&a, 0x55, sizeof a);
        ck_assert_msg(peal_socket_addr_parse(peal_str_z(wrong[i]), 1, &a) == PEAL_E_SYNTAX, "%s",
                      wrong[i]);
        ck_assert_uint_eq(a.family, 0x55); /* untouched */
    }
}
END_TEST

/* Random groups, half of them zero, written in full, read, formatted and read again. */
START_TEST(every_ipv6_survives_its_text)
{
    uint32_t seed = 99;
    for (int round = 0; round < 5000; round++) {
        char full[64], text[PEAL_SOCKET_ADDR_TEXT_MAX];
        unsigned g[8];
        peal_socket_addr a, b;
        for (int i = 0; i < 8; i++) {
            seed = seed * 1664525u + 1013904223u;
            g[i] = seed >> 31 ? 0 : seed >> (8 + (seed >> 28 & 7)) & 0xffff;
        }
        snprintf(full, sizeof full, "%04x:%x:%x:%x:%x:%x:%x:%X", g[0], g[1], g[2], g[3], g[4], g[5],
                 g[6], g[7]);
        a = parsed(full, 9);
        for (int i = 0; i < 8; i++) {
            ck_assert_uint_eq((unsigned)a.ip[2 * i] << 8 | a.ip[2 * i + 1], g[i]);
        }
        peal_socket_addr_format(&a, false, text);
        b = parsed(text, 9);
        ck_assert(peal_socket_addr_eq(&a, &b, true));
    }
}
END_TEST

START_TEST(addresses_compare_by_what_is_asked)
{
    peal_socket_addr a = parsed("192.0.2.1", 1), b = parsed("192.0.2.1", 2);
    peal_socket_addr c = parsed("fe80::1%1", 1), d = parsed("fe80::1%2", 1), none;
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    memset(&none, 0, sizeof none);
    ck_assert(peal_socket_addr_eq(&a, &b, false));
    ck_assert(!peal_socket_addr_eq(&a, &b, true));
    ck_assert(!peal_socket_addr_eq(&c, &d, false));
    ck_assert(!peal_socket_addr_eq(&a, &none, false));
    ck_assert(!peal_socket_addr_is_any(&none));
    ck_assert_uint_eq(peal_socket_addr_format(&none, true, text), 1);
    ck_assert_str_eq(text, "-");
    a = parsed("0.0.0.0", 5);
    ck_assert(peal_socket_addr_is_any(&a));
    a = parsed("::", 5);
    ck_assert(peal_socket_addr_is_any(&a));
    ck_assert(!peal_socket_addr_is_any(&b));
}
END_TEST

START_TEST(multicast_is_known)
{
    static const char *const many[] = { "224.0.0.1", "239.255.255.255", "255.255.255.255",
                                        "ff02::1" };
    static const char *const one[] = { "223.255.255.255", "240.0.0.1", "fe80::1", "::" };
    for (size_t i = 0; i < PEAL_COUNT_OF(many); i++) {
        peal_socket_addr a = parsed(many[i], 1);
        ck_assert(peal_socket_addr_is_multicast(&a));
        a = parsed(one[i], 1);
        ck_assert(!peal_socket_addr_is_multicast(&a));
    }
}
END_TEST

START_TEST(networks_hold_their_addresses)
{
    static const struct {
        const char *network, *addr;
        bool inside;
    } cases[] = {
        { "10.0.0.0/8", "10.255.0.1", true },       { "10.0.0.0/8", "11.0.0.0", false },
        { "192.0.2.128/25", "192.0.2.255", true },  { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.1", "192.0.2.1", true },         { "192.0.2.1", "192.0.2.0", false },
        { "0.0.0.0/0", "203.0.113.9", true },       { "::/0", "203.0.113.9", false },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "2001:db8::1", "2001:db8::1", true },
    };
    peal_socket_addr network, addr;
    unsigned bits = 99;
    for (size_t i = 0; i < PEAL_COUNT_OF(cases); i++) {
        addr = parsed(cases[i].addr, 7);
        ck_assert_int_eq(
            peal_socket_addr_parse_network(peal_str_z(cases[i].network), &network, &bits), PEAL_OK);
        ck_assert_msg(peal_socket_addr_in_network(&addr, &network, bits) == cases[i].inside,
                      "%s in %s", cases[i].addr, cases[i].network);
    }
    ck_assert(!peal_socket_addr_in_network(&addr, &network, 129));
    ck_assert_int_eq(peal_socket_addr_parse_network(PEAL_STR("1.2.3.4/33"), &network, &bits),
                     PEAL_E_RANGE);
    ck_assert_int_eq(peal_socket_addr_parse_network(PEAL_STR("1.2.3.4/"), &network, &bits),
                     PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_socket_addr_parse_network(PEAL_STR("/8"), &network, &bits),
                     PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_socket_addr_parse_network(PEAL_STR(""), &network, &bits), PEAL_E_SYNTAX);
    ck_assert_uint_eq(bits, 128);
}
END_TEST

TCase *socket_addr_cases(void)
{
    TCase *tc = tcase_create("socket_addr");
    tcase_add_test(tc, numeric_hosts_are_read_and_written_as_rfc_5952_says);
    tcase_add_test(tc, what_is_no_numeric_host_is_refused);
    tcase_add_test(tc, every_ipv6_survives_its_text);
    tcase_add_test(tc, addresses_compare_by_what_is_asked);
    tcase_add_test(tc, multicast_is_known);
    tcase_add_test(tc, networks_hold_their_addresses);
    return tc;
}
