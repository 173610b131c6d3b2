/* SPDX-License-Identifier: MIT */
/* Role: variables of a script, and patterns. A variable is [name], of letters, digits, '.', '_' and
 * '-' that start with a letter; so an IPv6 address in brackets is none. */
#include <stdlib.h>

#include "test/kit/kit_priv.h"

void peal__test_set(peal__test_vars *vars, peal_str name, peal_str value)
{
    char *copy = peal__test_copy(value);
    for (size_t i = 0; i < vars->count; ++i) {
        if (peal_str_eq(peal_str_z(vars->items[i].name), name)) {
            free(vars->items[i].value);
            vars->items[i].value = copy;
            return;
        }
    }
    vars->items = peal__test_grow(vars->items, (vars->count + 1) * sizeof *vars->items);
    vars->items[vars->count++] = (peal__test_var){ peal__test_copy(name), copy };
}

const char *peal__test_get(const peal__test_vars *vars, peal_str name)
{
    for (size_t i = 0; i < vars->count; ++i) {
        if (peal_str_eq(peal_str_z(vars->items[i].name), name)) {
            return vars->items[i].value;
        }
    }
    return NULL;
}

void peal__test_vars_fini(peal__test_vars *vars)
{
    for (size_t i = 0; i < vars->count; ++i) {
        free(vars->items[i].name);
        free(vars->items[i].value);
    }
    free(vars->items);
    memset(vars, 0, sizeof *vars);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* The name in a bracket at the start of @p s; absent when that is no variable. @p ret_all: how many
 * bytes it takes; @p ret_keeps: it is [name=]. */
static peal_str name_at(peal_str s, size_t *ret_all, bool *ret_keeps)
{
    size_t n = 1;
    if (s.n < 3 || s.p[0] != '[' || !is_letter(s.p[1])) {
        return peal_str_of(NULL, 0);
    }
    while (n < s.n && is_name_char(s.p[n])) {
        ++n;
    }
    bool keeps = n + 1 < s.n && s.p[n] == '=';
    size_t end = keeps ? n + 1 : n;
    if (end >= s.n || s.p[end] != ']') {
        return peal_str_of(NULL, 0);
    }
    *ret_all = end + 1;
    *ret_keeps = keeps;
    return peal_str_of(s.p + 1, n - 1);
}

/* [name=] is left for the pattern. */
char *peal__test_expand(peal_test_net *net, const peal__test_vars *vars, peal_str text,
                        peal__test_text *ret)
{
    peal__test_add(ret, peal_str_of("", 0));
    for (size_t i = 0; i < text.n;) {
        size_t all = 1;
        bool keeps = false;
        peal_str name = name_at(peal_str_of(text.p + i, text.n - i), &all, &keeps);
        const char *value = name.p && !keeps ? peal__test_get(vars, name) : NULL;
        if (name.p && !keeps && peal_str_eq(name, PEAL_STR("token"))) {
            peal__test_token(net, ret);
        } else if (value) {
            peal__test_add(ret, peal_str_z(value));
        } else if (name.p && !keeps && !peal_str_eq(name, PEAL_STR("len"))) {
            return peal__test_copy(name);
        } else {
            peal__test_add(ret, peal_str_of(text.p + i, all));
        }
        i += all;
    }
    return NULL;
}

/* ---- patterns ---- */

static bool match(peal_str pattern, peal_str text, peal__test_vars *vars)
{
    while (pattern.n) {
        size_t all = 1;
        bool keeps = false;
        peal_str name = name_at(pattern, &all, &keeps);
        if (*pattern.p == '*' || (name.p && keeps)) {
            peal_str rest = peal_str_of(pattern.p + all, pattern.n - all);
            for (size_t n = 0; n <= text.n; ++n) {
                if (match(rest, peal_str_of(text.p + n, text.n - n), vars)) {
                    if (name.p && keeps && vars) {
                        peal__test_set(vars, name, peal_str_of(text.p, n));
                    }
                    return true;
                }
            }
            return false;
        }
        if (!text.n || (*pattern.p != '?' && *pattern.p != *text.p)) {
            return false;
        }
        ++pattern.p, --pattern.n;
        ++text.p, --text.n;
    }
    return text.n == 0;
}

bool peal__test_matches(peal__test_vars *vars, peal_str pattern, peal_str text)
{
    return match(pattern, text, vars);
}
