/* SPDX-License-Identifier: MIT */
/* The command line of peal-parse. */
#include "apps/parse/parse_priv.h"

#include <peal/version.h>

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: peal-parse [OPTION]... [FILE]...\n"
    "Shows SIP messages: their structure and their canonical form. Each FILE holds one message;\n"
    "without FILE, or for -, standard input is read.\n"
    "\n"
    "  --stream           a FILE is what a connection carried: message after message\n"
    "  --text             a FILE is text copied from a capture: messages anywhere in it,\n"
    "                     indented or not, with any line ends\n"
    "  --roundtrip        print nothing but the bytes, decoded and encoded again\n"
    "  --quiet            print nothing but faults\n"
    "  --color[=WHEN]     colours: always, never, or auto, on a terminal (NO_COLOR is heeded)\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 all messages are good; 1 one is not: FILE: offset N: header H: reason;\n"
    "2 an option is wrong or a FILE cannot be used.\n";

static const struct option table[] = { { "stream", no_argument, NULL, 's' },
                                       { "text", no_argument, NULL, 't' },
                                       { "roundtrip", no_argument, NULL, 'r' },
                                       { "quiet", no_argument, NULL, 'q' },
                                       { "color", optional_argument, NULL, 'c' },
                                       { "colour", optional_argument, NULL, 'c' },
                                       { "help", no_argument, NULL, 'h' },
                                       { "version", no_argument, NULL, 'v' },
                                       { NULL, 0, NULL, 0 } };

static _Noreturn void refuse(const char *what, const char *value)
{
    fprintf(stderr, "peal-parse: %s%s\n", what, value);
    exit(2);
}

static bool color_of(const char *when)
{
    if (!when || strcmp(when, "always") == 0) {
        return true;
    }
    if (strcmp(when, "never") == 0) {
        return false;
    }
    if (strcmp(when, "auto") != 0) {
        refuse("--color takes always, never or auto, not ", when);
    }
    const char *off = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(off && *off) && !(term && strcmp(term, "dumb") == 0);
}

static _Noreturn void say(const char *text)
{
    bool ok = fputs(text, stdout) >= 0 && fflush(stdout) == 0;
    exit(ok ? 0 : 2);
}

static void set(parse_options *options, int option, const char *value, const char *written)
{
    switch (option) {
    case 's':
        options->stream = true;
        break;
    case 't':
        options->text = true;
        break;
    case 'r':
        options->roundtrip = true;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'c':
        options->color = color_of(value);
        break;
    case 'h':
        say(help);
    case 'v':
        (void)printf("peal-parse %s\n", peal_version());
        say("");
    default:
        refuse("unknown option, or a value too many or missing: ", written);
    }
}

int peal__parse_options(int argc, char **argv, parse_options *ret)
{
    *ret = (parse_options){ .color = color_of("auto"), .terminal = isatty(STDOUT_FILENO) };
    opterr = 0;
    for (;;) {
        int at = optind;
        int option = getopt_long(argc, argv, "", table, NULL);
        if (option == -1) {
            break;
        }
        set(ret, option, optarg, argv[at]);
    }
    if (ret->stream && ret->text) {
        refuse("--stream and --text exclude each other", "");
    }
    if (ret->roundtrip && ret->quiet) {
        refuse("--roundtrip and --quiet exclude each other", "");
    }
    return optind;
}
