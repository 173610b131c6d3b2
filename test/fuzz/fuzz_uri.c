/* SPDX-License-Identifier: MIT */
/* Fuzz target of URIs: two of them, each on a line. What is decoded can be asked about, its
 * canonical form is a fixed point and equal to it, comparison is symmetric, what is escaped comes
 * back, and what is made is read as it was meant. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/header.h>

static void ask(const peal_sip_uri *uri)
{
    peal_sip_uri_params params;
    peal_sip_phone phone;
    peal_str name, value, cursor = uri->headers;
    MUST(fuzz_inside(uri->user, uri->text) && fuzz_inside(uri->host, uri->text));
    if (peal_sip_uri_params_decode(uri, &params) == PEAL_OK) {
        MUST(params.ttl >= -1 && params.ttl <= 255);
        MUST(params.lr == peal_sip_uri_has_param(uri, PEAL_STR("lr")));
    }
    if (peal_sip_uri_phone(uri, &phone) == PEAL_OK) {
        MUST(phone.number.n > 0 && peal_sip_phone_eq(&phone, &phone));
        MUST(fuzz_inside(phone.ext, uri->text) && fuzz_inside(phone.context, uri->text));
    }
    if (peal_sip_uri_urn(uri, &name, &value) == PEAL_OK) {
        MUST(name.n >= 2 && value.n > 0);
    }
    while (peal_sip_uri_header_next(&cursor, &name, &value) == PEAL_OK) {
        MUST(fuzz_inside(name, uri->text) && fuzz_inside(value, uri->text));
    }
}

static void check_canonical(const peal_sip_uri *uri)
{
    peal_blob first, second;
    peal_sip_uri again;
    peal_blob_init(&first, 0);
    peal_blob_init(&second, 0);
    if (peal_sip_uri_canonical(uri, &first) == PEAL_OK) {
        peal_str text = fuzz_exact(peal_blob_str(&first));
        MUST(peal_sip_uri_decode(text, &again) == PEAL_OK);
        MUST(peal_sip_uri_eq(uri, &again));
        MUST(peal_sip_uri_canonical(&again, &second) == PEAL_OK);
        MUST(peal_str_eq(text, peal_blob_str(&second)));
        free((char *)text.p);
    }
    peal_blob_fini(&first);
    peal_blob_fini(&second);
}

/* Any bytes, escaped for any part, come back. */
static void check_escapes(peal_str text)
{
    peal_blob escaped, plain;
    peal_blob_init(&escaped, 0);
    peal_blob_init(&plain, 0);
    for (int part = PEAL_SIP_URI_USER; part <= PEAL_SIP_URI_HEADER; ++part) {
        peal_blob_clear(&escaped);
        peal_blob_clear(&plain);
        MUST(peal_sip_uri_escape((peal_sip_uri_part)part, text, &escaped) == PEAL_OK);
        MUST(peal_sip_uri_unescape(peal_blob_str(&escaped), &plain) == PEAL_OK);
        MUST(peal_str_eq(text, peal_blob_str(&plain)));
    }
    peal_blob_clear(&plain);
    peal_result r = peal_sip_uri_unescape(text, &plain);
    MUST(r == PEAL_OK || (r == PEAL_E_SYNTAX && plain.bytes == 0));
    peal_blob_fini(&escaped);
    peal_blob_fini(&plain);
}

static void check_made(peal_str user, peal_str host)
{
    const peal_sip_uri_field field = { user, host };
    const peal_sip_uri_source source = { .size = sizeof source,
                                         .scheme = PEAL_SIP_SCHEME_SIP,
                                         .user = user,
                                         .host = host,
                                         .params = &field,
                                         .param_count = user.n > 0,
                                         .headers = &field,
                                         .header_count = user.n > 0 };
    peal_blob made, plain;
    peal_sip_uri uri;
    peal_sip_address address;
    peal_blob_init(&made, 0);
    peal_blob_init(&plain, 0);
    if (peal_sip_uri_encode(&source, &made) == PEAL_OK) {
        MUST(peal_sip_uri_decode(peal_blob_str(&made), &uri) == PEAL_OK);
        MUST(peal_sip_uri_unescape(uri.user, &plain) == PEAL_OK);
        MUST(peal_str_eq(peal_blob_str(&plain), user));
        peal_blob_clear(&plain);
        peal_result r =
            peal_sip_name_addr_encode(user, peal_blob_str(&made), PEAL_STR(";tag=x"), &plain);
        if (r == PEAL_OK) {
            MUST(peal_sip_address_decode(peal_blob_str(&plain), &address) == PEAL_OK);
            MUST(peal_str_eq(address.uri, peal_blob_str(&made)) && address.tag.n == 1);
        }
    } else {
        MUST(made.bytes == 0);
    }
    peal_blob_fini(&made);
    peal_blob_fini(&plain);
}

int fuzz_uri(const uint8_t *data, size_t size)
{
    peal_str input = fuzz_input(data, size), rest;
    peal_str first = fuzz_exact(fuzz_line(input, &rest)), second = fuzz_exact(rest);
    peal_sip_uri a, b;
    bool a_ok = peal_sip_uri_decode(first, &a) == PEAL_OK;
    bool b_ok = peal_sip_uri_decode(second, &b) == PEAL_OK;
    if (a_ok) {
        ask(&a);
        check_canonical(&a);
        MUST(peal_sip_uri_eq(&a, &a));
    }
    if (b_ok) {
        check_canonical(&b);
    }
    if (a_ok && b_ok) {
        MUST(peal_sip_uri_eq(&a, &b) == peal_sip_uri_eq(&b, &a));
    }
    check_escapes(first);
    check_made(first, second);
    free((char *)first.p);
    free((char *)second.p);
    free((char *)input.p);
    return 0;
}

FUZZ_TARGET(fuzz_uri)
