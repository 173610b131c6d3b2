/* SPDX-License-Identifier: MIT */
/* What peal-parse writes to standard output: styles, and text that cannot act on a terminal. */
#include "apps/parse/parse_priv.h"

#include <stdarg.h>

static bool colored;

void peal__parse_output_init(bool color)
{
    colored = color;
}

static const char *start_of(parse_style style)
{
    switch (style) {
    case PARSE_TITLE:
        return "\x1b[1m";
    case PARSE_NAME:
        return "\x1b[36m";
    case PARSE_FIELD:
        return "\x1b[33m";
    case PARSE_BAD:
        return "\x1b[1;31m";
    case PARSE_DIM:
        return "\x1b[2m";
    default:
        return "";
    }
}

/* Characters that a terminal does not show but obeys, so that text stands elsewhere than it does:
 * U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool turns_text(const unsigned char *u, size_t bytes)
{
    if (bytes == 2) {
        return u[0] == 0xd8 && u[1] == 0x9c;
    }
    return bytes == 3 && u[0] == 0xe2 &&
           ((u[1] == 0x80 && ((u[2] | 1) == 0x8f || (u[2] >= 0xa8 && u[2] <= 0xae))) ||
            (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
}

/* How many bytes at p make one printable character of UTF-8; 0: none, the byte is to be escaped. */
static size_t printable(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t bytes = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0x20 || u[0] == 0x7f || (u[0] >= 0x80 && u[0] < 0xc2) || u[0] > 0xf4 || bytes > n) {
        return 0;
    }
    for (size_t i = 1; i < bytes; ++i) {
        if ((u[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and C1 controls. */
    bool wrong = (u[0] == 0xc2 && u[1] < 0xa0) || (u[0] == 0xe0 && u[1] < 0xa0) ||
                 (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf0 && u[1] < 0x90) ||
                 (u[0] == 0xf4 && u[1] > 0x8f);
    return wrong || turns_text(u, bytes) ? 0 : bytes;
}

void peal__parse_put(parse_style style, peal_str text)
{
    bool styled = colored && style != PARSE_PLAIN;
    if (styled) {
        (void)fputs(start_of(style), stdout);
    }
    for (size_t i = 0; i < text.n;) {
        size_t n = printable(text.p + i, text.n - i);
        if (n) {
            (void)fwrite(text.p + i, 1, n, stdout);
        } else {
            (void)printf("\\x%02x", (unsigned char)text.p[i]);
        }
        i += n ? n : 1;
    }
    if (styled) {
        (void)fputs("\x1b[0m", stdout);
    }
}

void peal__parse_putz(parse_style style, const char *text)
{
    peal__parse_put(style, peal_str_z(text));
}

void peal__parse_putf(parse_style style, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0) {
        peal__parse_put(style, peal_str_z(text));
    }
}

size_t peal__parse_columns(peal_str text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text.n;) {
        size_t n = printable(text.p + i, text.n - i);
        columns += n ? 1 : 4;
        i += n ? n : 1;
    }
    return columns;
}
