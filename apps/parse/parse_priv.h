/* SPDX-License-Identifier: MIT */
/* peal-parse: what its files share. One thread. It uses what the installed headers offer, so it is
 * also an example of reading messages with the library. */
#ifndef PEAL_PARSE_PRIV_H
#define PEAL_PARSE_PRIV_H

#include <peal/blob.h>
#include <peal/sip/packet.h>

#include <stdio.h>

/* What the command line asks for. */
typedef struct parse_options {
    bool stream;    /* the input is a byte stream of messages */
    bool text;      /* the input is text that was copied from a capture */
    bool roundtrip; /* nothing but the bytes, re-encoded */
    bool quiet;     /* nothing but faults */
    bool color;     /* on standard output */
    bool terminal;  /* standard output is one */
} parse_options;

/* A message of an input. */
typedef struct parse_message {
    const char *file;
    peal_str bytes;        /* as the parser sees them */
    size_t offset;         /* where they start in the input */
    const uint32_t *place; /* where each byte stands in the input; NULL: one after the other */
} parse_message;

/* What to do with one message: false when something is wrong with it. */
typedef bool (*parse_on_message)(const parse_options *options, const parse_message *message);

/* parse_output.c: standard output, with or without colour. Bytes that would act on a terminal are
 * written as \xNN. */
typedef enum parse_style {
    PARSE_PLAIN,
    PARSE_TITLE, /* request, body, … */
    PARSE_NAME,  /* name of a header */
    PARSE_FIELD, /* name of a decoded field */
    PARSE_BAD,   /* what is wrong */
    PARSE_DIM    /* what was only added for the reader */
} parse_style;
void peal__parse_output_init(bool color);
void peal__parse_put(parse_style style, peal_str text);
void peal__parse_putz(parse_style style, const char *text);
void peal__parse_putf(parse_style style, const char *format, ...) PEAL_PRINTF(2, 3);
/* How many columns this text takes when it is put. */
size_t peal__parse_columns(peal_str text);

/* parse_fields.c: the decoded fields of a line; nth counts the header's values, over its lines. */
void peal__parse_show_fields(peal_sip_packet *packet, const peal_sip_line *line, size_t *nth);
/* How many values a line holds. */
size_t peal__parse_values_of(const peal_sip_line *line);
void peal__parse_show_uri(const peal_sip_uri *uri);

/* parse_body.c */
void peal__parse_show_body(const peal_sip_packet *packet);
/* parse_show.c */
void peal__parse_show(peal_sip_packet *packet);
/* parse_canonical.c: long names, no folds, one space where one belongs, right Content-Length. */
peal_result peal__parse_canonical(peal_sip_packet *packet, peal_blob *out);
/* A value with each run of white space outside of quotes as one space. */
peal_result peal__parse_squeeze(peal_blob *out, peal_str value);
/* parse_fault.c: the line on standard error, and on standard output the place with a caret. */
void peal__parse_tell(const parse_options *options, const parse_message *message,
                      const peal_sip_fault *fault, const char *outcome);
/* parse_text.c: finds the messages in text. False when one was wrong, or there is none. */
bool peal__parse_text(const parse_options *options, const char *file, peal_str input,
                      parse_on_message on_message);
/* parse_stream.c: the messages of a byte stream. */
bool peal__parse_stream(const parse_options *options, const char *file, peal_str input,
                        parse_on_message on_message);
/* parse_options.c: exits when the command line is wrong or asks for help. Gives the first file. */
int peal__parse_options(int argc, char **argv, parse_options *ret);

#endif
