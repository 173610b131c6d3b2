/* SPDX-License-Identifier: MIT */
/* The command line of peal-sim. */
#include "apps/sim/sim_priv.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>

enum { CALLS_DEFAULT = 1000, CALLS_MOST = 100000000 };

void peal__sim_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("peal-sim: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputs("\n", stderr);
    va_end(args);
}

static void print_help(void)
{
    puts("Usage: peal-sim [OPTION]...\n"
         "Plays random SIP networks on a virtual clock, with random calls and faults, and watches\n"
         "that what must hold does. The same seed and options give the same run.\n"
         "\n"
         "  --seed NUMBER      what all is drawn from [random, and shown]\n"
         "  --calls NUMBER     how many calls are made [1000]\n"
         "  --loss PERCENT     datagrams that get lost [0 to 30, in phases]\n"
         "  --hosts NUMBER     hosts in each world, 1 to 20 [2 to 20]\n"
         "  --faults LIST      with commas: loss, duplicate, reorder, corrupt, partition, pause,\n"
         "                     kill, send-error, block, stall, rude; or all, none [all]\n"
         "  --shrink           makes a broken scenario small\n"
         "  --scenario FILE    plays this one instead\n"
         "  --keep DIRECTORY   writes a broken scenario there [$PEAL_SIM_KEEP; else shown]\n"
         "  --help             shows this\n"
         "  --version          shows the version\n"
         "\n"
         "Ends with status 0; 1 when a rule was broken; 2 when the command line is wrong.");
}

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
    uint64_t number;
    if (peal_str_to_u64(peal_str_z(text), most, &number) < 0 || number < least) {
        return false;
    }
    *ret = number;
    return true;
}

static bool read_faults(const char *text, uint32_t *ret)
{
    uint32_t faults = 0;
    while (*text) {
        const size_t n = strcspn(text, ",");
        const peal_str name = peal_str_of(text, n);
        const int kind = peal__fault_find(name);
        if (kind >= 0) {
            faults |= 1u << kind;
        } else if (peal_str_eq(name, PEAL_STR("all"))) {
            faults = FAULTS_ALL;
        } else if (!peal_str_eq(name, PEAL_STR("none"))) {
            return false;
        }
        text += text[n] ? n + 1 : n;
    }
    *ret = faults;
    return true;
}

static const struct option table[] = {
    { "seed", required_argument, NULL, 's' },
    { "calls", required_argument, NULL, 'c' },
    { "loss", required_argument, NULL, 'l' },
    { "hosts", required_argument, NULL, 'o' },
    { "faults", required_argument, NULL, 'f' },
    { "shrink", no_argument, NULL, 'k' },
    { "scenario", required_argument, NULL, 'p' },
    { "keep", required_argument, NULL, 'd' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'v' },
    { NULL, 0, NULL, 0 },
};

static bool take(struct sim_options *o, int c, const char *value)
{
    uint64_t number = 0;
    bool is_fine = true;
    switch (c) {
    case 's':
        is_fine = read_number(value, 0, UINT64_MAX, &o->wish.seed);
        o->has_seed = true;
        break;
    case 'c':
        is_fine = read_number(value, 1, CALLS_MOST, &number);
        o->wish.calls = (uint32_t)number;
        break;
    case 'l':
        is_fine = read_number(value, 0, 100, &number);
        o->wish.loss = (int)number;
        break;
    case 'o':
        is_fine = read_number(value, 1, HOSTS_MAX, &number);
        o->wish.hosts = (uint32_t)number;
        break;
    case 'f':
        is_fine = read_faults(value, &o->wish.faults);
        break;
    case 'k':
        o->shrink = true;
        break;
    case 'p':
        o->scenario = value;
        break;
    default:
        o->keep = value;
        break;
    }
    return is_fine;
}

static peal_result draw_seed(struct sim_options *o)
{
    peal_port *port = peal_port_default();
    if (o->has_seed || o->scenario) {
        return PEAL_OK;
    }
    uint32_t seed = 0;
    peal_result r = port->vt->random(port, &seed, sizeof seed);
    o->wish.seed = seed;
    printf("seed %lu\n", (unsigned long)seed);
    return r;
}

peal_result peal__sim_options_read(struct sim_options *o, int argc, char **argv, int *ret_exit)
{
    int c = 0, at = 0;
    memset(o, 0, sizeof *o);
    o->wish.calls = CALLS_DEFAULT;
    o->wish.loss = -1;
    o->wish.faults = FAULTS_ALL;
    o->keep = getenv("PEAL_SIM_KEEP");
    *ret_exit = EXIT_USAGE;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", table, &at)) != -1) {
        if (c == 'h' || c == 'v') {
            c == 'h' ? print_help() : (void)printf("peal-sim %s\n", peal_version());
            *ret_exit = 0;
            return PEAL_I_END;
        }
        if (c == '?' || c == ':') {
            peal__sim_complain(c == ':' ? "%s needs a value" : "unknown option %s",
                               argv[optind - 1]);
            return PEAL_E_ARGUMENT;
        }
        if (!take(o, c, optarg)) {
            peal__sim_complain("bad value for --%s: %s", table[at].name, optarg);
            return PEAL_E_ARGUMENT;
        }
    }
    if (o->wish.loss >= 0) {
        o->wish.faults |= 1u << FAULT_LOSS;
    }
    if (optind < argc) {
        peal__sim_complain("unexpected argument %s", argv[optind]);
        return PEAL_E_ARGUMENT;
    }
    return draw_seed(o);
}
