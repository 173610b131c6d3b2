/* SPDX-License-Identifier: MIT */
/* Fuzz target of encoded words: nothing decodes to a control character that was not there, and
 * what is encoded decodes to what it was. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/encoded_word.h>

static size_t controls(peal_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; ++i) {
        count += (unsigned char)text.p[i] < ' ' && text.p[i] != '\t';
    }
    return count;
}

static void check_words(peal_str text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.n; ++i) {
        MUST(!(text.p[i] & 0x80));
        length = text.p[i] == ' ' ? 0 : length + 1;
        MUST(length <= 75);
    }
}

int fuzz_encoded_word(const uint8_t *data, size_t size)
{
    peal_str input = fuzz_input(data, size);
    peal_blob plain, words;
    peal_blob_init(&plain, 0);
    peal_blob_init(&words, 0);
    MUST(peal_sip_encoded_words_decode(input, &plain) == PEAL_OK);
    MUST(controls(peal_blob_str(&plain)) <= controls(input));
    peal_blob_clear(&plain);
    if (peal_sip_encoded_words_encode(input, &words) == PEAL_OK) {
        if (!peal_str_eq(input, peal_blob_str(&words))) {
            check_words(peal_blob_str(&words));
        }
        MUST(peal_sip_encoded_words_decode(peal_blob_str(&words), &plain) == PEAL_OK);
        MUST(peal_str_eq(peal_blob_str(&plain), input));
    } else {
        MUST(words.bytes == 0);
    }
    peal_blob_fini(&plain);
    peal_blob_fini(&words);
    free((char *)input.p);
    return 0;
}

FUZZ_TARGET(fuzz_encoded_word)
