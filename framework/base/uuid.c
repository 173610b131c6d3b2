/* SPDX-License-Identifier: MIT */
/* Role: UUIDs of RFC 9562: made from random bytes, text form. Thread: any. */
#include <peal/uuid.h>

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

peal_uuid peal_uuid_of_random(const uint8_t random[16])
{
    peal_uuid uuid;
    memcpy(uuid.bytes, random, sizeof uuid.bytes);
    /* RFC 9562 §5.4: version 4, variant 10 */
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

void peal_uuid_format(const peal_uuid *uuid, char text[PEAL_UUID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    char *p = text;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (dash_at((size_t)(p - text))) {
            *p++ = '-';
        }
        *p++ = digits[uuid->bytes[i] >> 4];
        *p++ = digits[uuid->bytes[i] & 15];
    }
    *p = '\0';
}

peal_result peal_uuid_parse(peal_str text, peal_uuid *ret)
{
    peal_uuid uuid;
    size_t nibble = 0;
    if (text.n == 45 && peal_str_ieq(peal_str_of(text.p, 9), PEAL_STR("urn:uuid:"))) {
        text = peal_str_of(text.p + 9, 36);
    }
    if (text.n != 36) {
        return PEAL_E_SYNTAX;
    }
    memset(&uuid, 0, sizeof uuid);
    for (size_t i = 0; i < text.n; i++) {
        int value = hex_value(text.p[i]);
        if (dash_at(i)) {
            if (text.p[i] != '-') {
                return PEAL_E_SYNTAX;
            }
            continue;
        }
        if (value < 0) {
            return PEAL_E_SYNTAX;
        }
        uuid.bytes[nibble / 2] |= (uint8_t)(nibble % 2 ? value : value << 4);
        nibble++;
    }
    *ret = uuid;
    return PEAL_OK;
}
