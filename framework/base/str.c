/* SPDX-License-Identifier: MIT */
/* Role: what string views can do beyond their inline functions; ASCII only, whatever the locale.
 * Thread: any. */
#include <peal/base.h>

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

bool peal_str_ieq(peal_str a, peal_str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] != b.p[i] && lower((unsigned char)a.p[i]) != lower((unsigned char)b.p[i])) {
            return false;
        }
    }
    return true;
}

peal_result peal_str_to_u64(peal_str s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    bool over = false;
    if (s.n == 0) {
        return PEAL_E_SYNTAX;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9) {
            return PEAL_E_SYNTAX;
        }
        /* Go on after an overflow: "9…9x" is no number rather than one too large. */
        over = over || value > (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    if (over || value > max) {
        return PEAL_E_RANGE;
    }
    *ret = value;
    return PEAL_OK;
}
