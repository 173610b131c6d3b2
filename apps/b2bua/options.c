/* SPDX-License-Identifier: MIT */
/* Command line and configuration file. Each option is a row of one table; a file has the same names
 * as "name = value" lines. Main thread, before anything runs. */
#include "apps/b2bua/b2bua_priv.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>

enum { CONFIG_BYTES_MAX = 1 << 20 };

void peal__complain(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "peal-b2bua: %s\n", text);
}

/* "HOST:PORT" with IPv6 in brackets; without ":PORT" it is 5060. */
static peal_result parse_host_port(const char *text, peal_socket_addr *ret)
{
    const char *colon = strrchr(text, ':');
    const char *bracket = strrchr(text, ']');
    uint64_t port = 5060;
    if (colon && (!bracket || colon > bracket)) {
        if (peal_str_to_u64(peal_str_z(colon + 1), 65535, &port) < 0) {
            return PEAL_E_SYNTAX;
        }
    } else {
        colon = text + strlen(text);
    }
    return peal_socket_addr_parse(peal_str_of(text, (size_t)(colon - text)), (uint16_t)port, ret);
}

static const char *set_listen(struct b2bua_options *o, const char *value)
{
    if (strncmp(value, "tcp:", 4) == 0 || strncmp(value, "tls:", 4) == 0) {
        return "this transport is not built in";
    }
    if (strncmp(value, "udp:", 4) != 0) {
        return "expected udp:HOST:PORT";
    }
    if (o->listen_count == B2BUA_LISTEN_MAX) {
        return "too many listeners";
    }
    if (parse_host_port(value + 4, &o->listen[o->listen_count]) < 0) {
        return "expected udp:HOST:PORT with a numeric host ([IPv6] in brackets)";
    }
    if (peal_socket_addr_is_multicast(&o->listen[o->listen_count])) {
        return "a broadcast or multicast address cannot be listened on";
    }
    o->listen_count++;
    return NULL;
}

static const char *set_local(struct b2bua_options *o, const char *value)
{
    peal_socket_addr address;
    if (peal_socket_addr_parse(peal_str_z(value), 0, &address) < 0 ||
        peal_socket_addr_is_any(&address) || peal_socket_addr_is_multicast(&address)) {
        return "expected the numeric address of an interface";
    }
    o->local[address.family == PEAL_AF_IPV6] = address;
    return NULL;
}

static const char *set_hop(struct b2bua_options *o, const char *value)
{
    if (o->hop_count == B2BUA_HOPS_MAX) {
        return "too many next hops";
    }
    struct next_hop *hop = &o->hops[o->hop_count];
    peal_str transport = PEAL_STR("udp");
    if (strlen(value) >= sizeof hop->text) {
        return "this URI is too long";
    }
    (void)snprintf(hop->text, sizeof hop->text, "%s", value);
    if (peal_sip_uri_decode(peal_str_z(hop->text), &hop->uri) < 0 ||
        (hop->uri.scheme != PEAL_SIP_SCHEME_SIP && hop->uri.scheme != PEAL_SIP_SCHEME_SIPS) ||
        hop->uri.headers.n) {
        return "expected a SIP URI, as sip:192.0.2.1:5060";
    }
    (void)peal_sip_uri_param(&hop->uri, PEAL_STR("transport"), &transport);
    if (hop->uri.scheme == PEAL_SIP_SCHEME_SIPS || !peal_str_ieq(transport, PEAL_STR("udp"))) {
        return "this transport is not built in";
    }
    if (peal_socket_addr_parse(hop->uri.host, hop->uri.port ? hop->uri.port : 5060, &hop->address) <
        0) {
        return "this host cannot be resolved: DNS is not built in";
    }
    if (peal_socket_addr_is_any(&hop->address) || peal_socket_addr_is_multicast(&hop->address)) {
        return "expected the address of one host";
    }
    hop->is_route = peal_sip_uri_has_param(&hop->uri, PEAL_STR("lr"));
    o->hop_count++;
    return NULL;
}

static const char *set_threads(struct b2bua_options *o, const char *value)
{
    static const char *const names[] = { "3", "1", "polled" };
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            o->mode = (enum b2bua_mode)i;
            return PEAL_HAVE_THREADS || i == B2BUA_POLLED ? NULL : "threads are not built in";
        }
    }
    return "expected 3, 1 or polled";
}

static const char *set_port(struct b2bua_options *o, const char *value)
{
    o->port = peal_port_find(value);
    return o->port ? NULL : "expected libuv or poll, or it is not built in";
}

static const char *set_record(struct b2bua_options *o, const char *value)
{
    if (!*value || strlen(value) >= sizeof o->record) {
        return "expected the name of a file";
    }
    (void)snprintf(o->record, sizeof o->record, "%s", value);
    return NULL;
}

static const char *set_trace(struct b2bua_options *o, const char *value)
{
    static const char *const names[] = { "off", "error", "warning", "info", "debug", "message" };
    for (int i = 0; i < (int)PEAL_COUNT_OF(names); i++) {
        if (strcmp(value, names[i]) == 0 || (value[0] == '0' + i && !value[1])) {
            o->trace_level = i;
            return NULL;
        }
    }
    return "expected off, error, warning, info, debug or message";
}

static const char *refuse(struct b2bua_options *o, const char *value)
{
    (void)o;
    (void)value;
    return "this feature is not built in";
}

/* The command line reads the file itself: this is for a name inside of one. */
static const char *refuse_file(struct b2bua_options *o, const char *value)
{
    (void)o;
    (void)value;
    return "a file cannot name another one";
}

/* One option: its own setter, or a number in [low, high]. */
struct row {
    const char *name;
    const char *argument;
    const char *(*set)(struct b2bua_options *o, const char *value);
    size_t offset;
    uint32_t low, high;
    const char *help;
};
#define NUMBER(name, member, low, high, help)                                                      \
    {                                                                                              \
        name, "N", NULL, offsetof(struct b2bua_options, member), low, high, help                   \
    }

static const struct row rows[] = {
    { "listen", "udp:HOST:PORT", set_listen, 0, 0, 0,
      "where to listen (repeatable; port 0: chosen) [udp:127.0.0.1:5060]" },
    { "next-hop", "SIP-URI", set_hop, 0, 0, 0,
      "where calls go (repeatable, tried in order) [the Request-URI]" },
    { "local-address", "HOST", set_local, 0, 0, 0,
      "address told to peers when listening on 0.0.0.0 or [::]" },
    { "threads", "3|1|polled", set_threads, 0, 0, 0,
      "three threads, one, or none but the main one [1]" },
    { "port", "libuv|poll", set_port, 0, 0, 0, "event backend [libuv]" },
    NUMBER("max-calls", max_calls, 0, 10000000, "calls at once, then 503; 0: no limit [20000]"),
    NUMBER("max-mbytes", max_mbytes, 0, 1048576,
           "MiB that calls being set up and other open requests may hold, then 503; 0: no limit "
           "[256]"),
    NUMBER("setup-s", setup_s, 1, 86400, "seconds a call may ring [180]"),
    NUMBER("max-duration-s", duration_s, 0, 31536000, "seconds a call may last; 0: no limit [0]"),
    NUMBER("try-timeout-ms", try_timeout_ms, 0, 64000,
           "silence before the next of several hops; 0: transaction time-out [4000]"),
    NUMBER("t1-ms", t1_ms, 1, 10000, "T1 of RFC 3261, for networks other than the Internet [500]"),
    NUMBER("drain-s", drain_s, 0, 86400, "seconds that calls may go on after SIGTERM [30]"),
    NUMBER("linger-ms", linger_ms, 0, 600000,
           "time for answers still under way when the last call is over [1000]"),
    { "trace", "LEVEL", set_trace, 0, 0, 0,
      "off, error, warning, info, debug or message, on standard error [warning]" },
    { "record", "FILE", set_record, 0, 0, 0,
      "records the run for peal-replay; the file holds secrets" },
    { "config", "FILE", refuse_file, 0, 0, 0, "reads options from lines \"name = value\"" },
    { "tls-cert", "FILE", refuse, 0, 0, 0, "not built in" },
    { "tls-key", "FILE", refuse, 0, 0, 0, "not built in" },
    { "tls-ca", "FILE", refuse, 0, 0, 0, "not built in" },
    { "dns", "HOST:PORT", refuse, 0, 0, 0, "not built in" },
};
enum { ROWS = PEAL_COUNT_OF(rows) };

static const char *set_number(struct b2bua_options *o, const struct row *row, const char *value)
{
    static char complaint[64];
    uint64_t number;
    if (peal_str_to_u64(peal_str_z(value), row->high, &number) < 0 || number < row->low) {
        (void)snprintf(complaint, sizeof complaint, "expected a number from %u to %u", row->low,
                       row->high);
        return complaint;
    }
    *(uint32_t *)(void *)((char *)o + row->offset) = (uint32_t)number;
    return NULL;
}

/* Sets one option; @p where is "--" or "FILE:LINE: ". */
static peal_result set(struct b2bua_options *o, const struct row *row, const char *value,
                       const char *where)
{
    const char *complaint = row->set ? row->set(o, value) : set_number(o, row, value);
    if (complaint) {
        peal__complain("%s%s '%s': %s", where, row->name, value, complaint);
        return PEAL_E_APP_CONFIG;
    }
    return PEAL_OK;
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--) {
        text[n - 1] = 0;
    }
    return text;
}

static peal_result read_line(struct b2bua_options *o, char *line, const char *where)
{
    char *name = trim(line);
    char *equals = strchr(name, '=');
    if (!*name || *name == '#') {
        return PEAL_OK;
    }
    if (!equals) {
        peal__complain("%s'%s': expected name = value", where, name);
        return PEAL_E_APP_CONFIG;
    }
    *equals = 0;
    name = trim(name);
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return set(o, &rows[i], trim(equals + 1), where);
        }
    }
    peal__complain("%sunknown name '%s'", where, name);
    return PEAL_E_APP_CONFIG;
}

/* ---- files ---- */

static char *load_from_disk(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "r");
    char *text = file ? malloc(CONFIG_BYTES_MAX + 1) : NULL;
    size_t n = text ? fread(text, 1, CONFIG_BYTES_MAX, file) : 0;
    if (text && (ferror(file) || n == CONFIG_BYTES_MAX)) {
        free(text);
        text = NULL;
    }
    if (file) {
        (void)fclose(file); /* nothing was written */
    }
    if (text) {
        text[n] = 0;
        *ret_bytes = n;
    }
    return text;
}

/* Kept as it was read, for a recording; lines are taken apart in a copy. */
static struct b2bua_file *load(struct b2bua_options *o, const char *path)
{
    struct b2bua_file **last = &o->files;
    struct b2bua_file *file = calloc(1, sizeof *file);
    if (!file) {
        return NULL;
    }
    file->path = strdup(path);
    file->text = o->load ? o->load(o->load_arg, path, &file->bytes)
                         : load_from_disk(path, &file->bytes);
    if (!file->path || !file->text) {
        free(file->path);
        free(file->text);
        free(file);
        return NULL;
    }
    while (*last) {
        last = &(*last)->next;
    }
    *last = file;
    return file;
}

void peal__options_free(struct b2bua_options *o)
{
    while (o->files) {
        struct b2bua_file *file = o->files;
        o->files = file->next;
        free(file->path);
        free(file->text);
        free(file);
    }
}

static peal_result read_file(struct b2bua_options *o, const char *path)
{
    char line[1024];
    char where[320];
    const struct b2bua_file *file = load(o, path);
    peal_result r = PEAL_OK;
    if (!file) {
        peal__complain("--config '%s': cannot be read", path);
        return PEAL_E_APP_CONFIG;
    }
    const char *at = file->text;
    const char *end = at + file->bytes;
    for (unsigned n = 1; r >= 0 && at < end; n++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop ? stop : end) - at);
        (void)snprintf(where, sizeof where, "%.300s:%u: ", path, n);
        if (bytes >= sizeof line) {
            peal__complain("%sthe line is too long", where);
            r = PEAL_E_APP_CONFIG;
        } else {
            memcpy(line, at, bytes);
            line[bytes] = 0;
            r = read_line(o, line, where);
        }
        at += bytes + 1;
    }
    return r;
}

static void print_help(void)
{
    puts("Usage: peal-b2bua [OPTION]...\n"
         "A back-to-back user agent: bridges SIP calls, each side a dialog of its own.\n");
    for (size_t i = 0; i < ROWS; i++) {
        printf("  --%s %s\n        %s\n", rows[i].name, rows[i].argument, rows[i].help);
    }
    puts(
        "  --help, --version\n\n"
        "Without any option it listens on udp:127.0.0.1:5060 and sends each call to where its\n"
        "Request-URI points. Prints \"ready\" and the bound addresses. SIGUSR1 prints a census of\n"
        "what is alive; SIGTERM ends it gracefully, a second one at once. Exit status: 0, 1\n"
        "(failure), 2 (configuration), 3 (something leaked).");
}

static void set_defaults(struct b2bua_options *o)
{
    const struct b2bua_options host = { .load = o->load, .load_arg = o->load_arg };
    *o = host;
    o->mode = PEAL_HAVE_THREADS ? B2BUA_ONE : B2BUA_POLLED;
    o->trace_level = PEAL_TRACE_WARNING;
    o->max_calls = 20000;
    o->max_mbytes = 256;
    o->setup_s = 180;
    o->try_timeout_ms = 4000;
    o->t1_ms = 500;
    o->drain_s = 30;
    o->linger_ms = 1000;
}

/* What the options say only together. */
static peal_result check(struct b2bua_options *o)
{
    if (!o->listen_count) {
        (void)set_listen(o, "udp:127.0.0.1:5060");
    }
    for (size_t i = 0; i < o->listen_count; i++) {
        bool is_v6 = o->listen[i].family == PEAL_AF_IPV6;
        if (peal_socket_addr_is_any(&o->listen[i]) && !o->local[is_v6].family) {
            peal__complain("no local address: listening on %s needs --local-address",
                           is_v6 ? "[::]" : "0.0.0.0");
            return PEAL_E_APP_CONFIG;
        }
    }
    for (size_t i = 0; i < o->hop_count; i++) {
        bool is_served = false;
        for (size_t k = 0; k < o->listen_count; k++) {
            is_served = is_served || o->listen[k].family == o->hops[i].address.family;
        }
        if (!is_served) {
            peal__complain("no local address: --next-hop '%s' needs an IPv%u listener",
                           o->hops[i].text, o->hops[i].address.family);
            return PEAL_E_APP_CONFIG;
        }
    }
    return PEAL_OK;
}

/* Reads everything. @return PEAL_OK to go on, PEAL_I_END to exit with *ret_exit (help, version),
 * PEAL_E_APP_CONFIG after one line on standard error */
peal_result peal__options_read(struct b2bua_options *o, int argc, char **argv, int *ret_exit)
{
    struct option table[ROWS + 3];
    int which = 0;
    int c;
    peal_result r = PEAL_OK;
    memset(table, 0, sizeof table);
    for (int i = 0; i < ROWS; i++) {
        table[i] = (struct option){ rows[i].name, required_argument, &which, i };
    }
    table[ROWS] = (struct option){ "help", no_argument, NULL, 'h' };
    table[ROWS + 1] = (struct option){ "version", no_argument, NULL, 'v' };
    set_defaults(o);
    o->is_default = argc == 1;
    *ret_exit = B2BUA_EXIT_CONFIG;
    opterr = 0;
    optind = 0; /* from the start, also for the second one in a process */
    for (int at = 1; r >= 0 && (c = getopt_long(argc, argv, "+:", table, NULL)) != -1;
         at = optind) {
        if (c == 'h' || c == 'v') {
            c == 'h' ? print_help() : (void)printf("peal-b2bua %s\n", peal_version());
            *ret_exit = 0;
            return PEAL_I_END;
        }
        if (c == '?' || c == ':') {
            peal__complain(c == ':' ? "option '%s' needs a value" : "unknown option '%s'",
                           argv[at]);
            r = PEAL_E_APP_CONFIG;
        } else if (strcmp(rows[which].name, "config") == 0) {
            r = read_file(o, optarg);
        } else {
            r = set(o, &rows[which], optarg, "--");
        }
    }
    if (r >= 0 && optind < argc) {
        peal__complain("unexpected argument '%s'", argv[optind]);
        r = PEAL_E_APP_CONFIG;
    }
    return r < 0 ? r : check(o);
}
