/* SPDX-License-Identifier: MIT */
/* --stream: the messages of what a connection carried. */
#include "apps/parse/parse_priv.h"

bool peal__parse_stream(const parse_options *options, const char *file, peal_str input,
                        parse_on_message on_message)
{
    const parse_message whole = { .file = file, .bytes = input };
    return on_message(options, &whole);
}
