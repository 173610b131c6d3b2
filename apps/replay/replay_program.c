/* SPDX-License-Identifier: MIT */
/* The recorded program again: command line and files are those of the recording, the port repeats,
 * commands come when they came. What it prints goes nowhere: what it sends is compared. */
#include "apps/b2bua/b2bua_priv.h"
#include "apps/replay/replay_priv.h"
#include <stdlib.h>

enum { ARGUMENTS_MAX = 1024 };

static struct program {
    struct b2bua app;
    char *arguments[ARGUMENTS_MAX + 3];
    int count;
    struct b2bua_file *files; /* as recorded, last first */
    bool is_known;            /* it is a peal-b2bua */
} program;

/* --- what it was started with */

static char *copy(peal_str text)
{
    char *z = malloc(text.n + 1);
    if (z) {
        if (text.n) {
            memcpy(z, text.p, text.n);
        }
        z[text.n] = 0;
    }
    return z;
}

static bool add_argument(peal_str text)
{
    char *z = program.count < ARGUMENTS_MAX ? copy(text) : NULL;
    if (z) {
        program.arguments[program.count++] = z;
    }
    return z != NULL;
}

static bool add_file(peal_str path)
{
    struct b2bua_file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = copy(path))) {
        free(file);
        return false;
    }
    file->next = program.files;
    program.files = file;
    return true;
}

static bool add_text(peal_str text)
{
    if (!program.files || program.files->text) {
        return false;
    }
    program.files->bytes = text.n;
    return (program.files->text = copy(text)) != NULL;
}

static bool take_fact(peal_str kind, peal_str text)
{
    if (peal_str_eq(kind, PEAL_STR("argument"))) {
        return add_argument(text);
    }
    if (peal_str_eq(kind, PEAL_STR("file"))) {
        return add_file(text);
    }
    if (peal_str_eq(kind, PEAL_STR("text"))) {
        return add_text(text);
    }
    if (peal_str_eq(kind, PEAL_STR("version")) && !peal_str_eq(text, peal_str_z(peal_version()))) {
        peal__replay_complain("recorded by version %.*s, repeated by %s", PEAL_STR_ARG(text),
                              peal_version());
    }
    program.is_known = program.is_known || (peal_str_eq(kind, PEAL_STR("program")) &&
                                            peal_str_eq(text, PEAL_STR("peal-b2bua")));
    return true;
}

/* The notes up to "start". Gives false when they are no start of this program. */
static bool read_facts(peal_replay *replay)
{
    peal_str kind, text;
    while (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
        bool is_start = peal_str_eq(kind, PEAL_STR("start"));
        if (!is_start && !take_fact(kind, text)) {
            break;
        }
        peal_replay_take_note(replay);
        if (is_start) {
            return program.is_known && program.count > 0;
        }
    }
    return false;
}

static char *load(void *arg, const char *path, size_t *ret_bytes)
{
    (void)arg;
    for (const struct b2bua_file *file = program.files; file; file = file->next) {
        if (file->text && strcmp(file->path, path) == 0) {
            *ret_bytes = file->bytes;
            return copy(peal_str_of(file->text, file->bytes));
        }
    }
    return NULL;
}

static void forget_facts(void)
{
    while (program.count) {
        free(program.arguments[--program.count]);
    }
    while (program.files) {
        struct b2bua_file *file = program.files;
        program.files = file->next;
        free(file->path);
        free(file->text);
        free(file);
    }
}

/* --- its run */

static void on_down(struct b2bua *app)
{
    (void)app; /* the recording knows when its host saw it */
}

static struct command *command_of(peal_str name)
{
    struct command *all[] = { &program.app.term, &program.app.census };
    for (size_t i = 0; i < PEAL_COUNT_OF(all); i++) {
        if (peal_str_eq(name, peal_str_z(all[i]->name))) {
            return all[i];
        }
    }
    return NULL;
}

/* Gives false when nothing more can be repeated. */
static bool drive(peal_replay *replay)
{
    peal_str kind, text;
    while (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
        struct command *command = command_of(text);
        if (peal_str_eq(kind, PEAL_STR("down"))) {
            return program.app.is_down != 0; /* what made it so may have been cut off */
        }
        /* A command that is still in its queue cannot be posted again: it was not, then. */
        if (!peal_str_eq(kind, PEAL_STR("command")) || !command || command->is_posted) {
            return false;
        }
        peal__command_post(command);
    }
    return false;
}

/* The ends are those of peal-b2bua's main(). What is cut, or different, is left as it stands. */
static bool run(peal_replay *replay)
{
    struct b2bua *app = &program.app;
    peal_port *port = peal_replay_port(replay);
    peal_result r = PEAL_OK;
    if ((r = peal_init_with(port)) < 0 || (r = peal_sip_init()) < 0) {
        peal__replay_complain("cannot start: %s", peal_result_text(r));
        return false;
    }
    r = peal__stack_start(app);
    if (r < 0 || drive(replay)) {
        peal_port_note(port, "down", B2BUA_NONE);
        peal__stack_free(app);
        (void)peal_sip_fini(); /* what is left over would be a difference, or has been one then */
        (void)peal_fini();
    }
    return true;
}

static void complain_of_start(peal_replay *replay)
{
    peal_replay_outcome outcome = { .size = sizeof outcome };
    peal_replay_outcome_get(replay, &outcome);
    if (outcome.state == PEAL_REPLAY_CUT) {
        peal__replay_complain("offset %llu: the recording is cut before the program starts",
                              (unsigned long long)outcome.offset);
    } else if (outcome.state != PEAL_REPLAY_GARBLED) { /* else its own line comes */
        peal__replay_complain("this is no recording of a peal-b2bua");
    }
}

bool peal__program_run(peal_replay *replay, const char *trace)
{
    struct b2bua *app = &program.app;
    int status = 0;
    if (!read_facts(replay)) {
        complain_of_start(replay);
        return false;
    }
    if (trace && (!add_argument(PEAL_STR("--trace")) || !add_argument(peal_str_z(trace)))) {
        peal__replay_complain("too many arguments");
        return false;
    }
    app->on_down = on_down;
    app->out = fopen("/dev/null", "w");
    app->options.load = load;
    if (!app->out ||
        peal__options_read(&app->options, program.count, program.arguments, &status) != PEAL_OK) {
        peal__replay_complain("its recorded options are refused");
        return false;
    }
    app->options.is_default = false;
    app->options.port = peal_replay_port(replay);
    peal__options_free(&app->options);
    peal_trace_set_level(-1, app->options.trace_level);
    bool ran = run(replay);
    (void)fclose(app->out); /* nothing of it is kept */
    forget_facts();
    return ran;
}
