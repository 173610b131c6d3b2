/* SPDX-License-Identifier: MIT */
/* Role: reads scenario files of SIPp. The XML is Expat's part. */
#include <config.h>

#include "test/b2bua/sipp_file.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- keywords ---- */

peal_str sipp_keyword(peal_str text, size_t *ret_bytes)
{
    const char *end = text.n && *text.p == '[' ? memchr(text.p, ']', text.n) : NULL;
    if (!end) {
        return peal_str_of(NULL, 0);
    }
    *ret_bytes = (size_t)(end - text.p) + 1;
    return peal_str_of(text.p + 1, *ret_bytes - 2);
}

bool sipp_is_known(peal_str keyword)
{
    static const char *const names[] = {
        "service",  "remote_ip",     "remote_port", "local_ip", "local_port",  "local_ip_type",
        "media_ip", "media_ip_type", "transport",   "call_id",  "call_number", "pid",
        "len",      "routes",        "next_url",    "branch",
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(names); ++i) {
        if (peal_str_eq(keyword, peal_str_z(names[i]))) {
            return true;
        }
    }
    uint64_t back = 0;
    if (peal__test_starts(keyword, "branch-")) {
        return peal_str_to_u64(peal_str_of(keyword.p + 7, keyword.n - 7), 99, &back) == PEAL_OK;
    }
    return (keyword.n > 1 && *keyword.p == '$') ||
           (peal__test_starts(keyword, "last_") && keyword.p[keyword.n - 1] == ':');
}

/* ---- life ---- */

static void step_fini(sipp_step *step)
{
    for (size_t i = 0; i < step->ereg_count; ++i) {
        regfree(&step->eregs[i].regex);
        free(step->eregs[i].header);
        free(step->eregs[i].variable);
    }
    free(step->eregs);
    free(step->text);
    free(step->request);
}

void sipp_scenario_fini(sipp_scenario *scenario)
{
    for (size_t i = 0; i < scenario->count; ++i) {
        step_fini(&scenario->steps[i]);
    }
    free(scenario->steps);
    free(scenario->name);
    memset(scenario, 0, sizeof *scenario);
}

char *sipp_read_file(const char *folder, const char *name, sipp_scenario *ret)
{
    peal__test_text path = { NULL, 0, 0 }, xml = { NULL, 0, 0 };
    char part[4096], *failure = NULL;
    memset(ret, 0, sizeof *ret);
    peal__test_addf(&path, "%s/%s.xml", folder, name);
    FILE *file = fopen(path.p, "r");
    if (file) {
        for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;) {
            peal__test_add(&xml, peal_str_of(part, n));
        }
        (void)fclose(file);
        failure = sipp_read(name, peal__test_str(&xml), ret);
    } else {
        peal__test_addf(&path, " cannot be opened");
        failure = peal__test_copy(peal__test_str(&path));
    }
    free(xml.p);
    free(path.p);
    return failure;
}

#ifdef HAVE_EXPAT
#include <expat.h>

/* ---- reading ---- */

typedef struct reader {
    XML_Parser xml;
    sipp_scenario *scenario;
    sipp_step *step; /* the open send or recv */
    peal__test_text text;
    peal__test_text failure;
} reader;

static void fail(reader *r, const char *what, const char *which)
{
    if (!r->failure.n) {
        peal__test_addf(&r->failure, "%s.xml:%lu: %s %s", r->scenario->name,
                        (unsigned long)XML_GetCurrentLineNumber(r->xml), what, which);
        (void)XML_StopParser(r->xml, XML_FALSE);
    }
}

/* Values by the names asked for; an attribute that nobody asks for is a failure. */
static void take_attributes(reader *r, const char **given, const char *const *names,
                            const char **ret)
{
    for (; given[0]; given += 2) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], given[0]) != 0) {
            ++i;
        }
        if (!names[i]) {
            fail(r, "unknown attribute", given[0]);
            return;
        }
        ret[i] = given[1];
    }
}

static uint32_t number_of(reader *r, const char *text)
{
    uint64_t number = 0;
    if (text && peal_str_to_u64(peal_str_z(text), UINT32_MAX, &number) < 0) {
        fail(r, "not a number:", text);
    }
    return (uint32_t)number;
}

static bool truth_of(reader *r, const char *text)
{
    bool is_true = text && strcmp(text, "true") == 0;
    if (text && !is_true && strcmp(text, "false") != 0) {
        fail(r, "neither true nor false:", text);
    }
    return is_true;
}

static sipp_step *add_step(reader *r, sipp_kind kind)
{
    sipp_scenario *s = r->scenario;
    s->steps = peal__test_grow(s->steps, (s->count + 1) * sizeof *s->steps);
    sipp_step *step = &s->steps[s->count++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = (unsigned)XML_GetCurrentLineNumber(r->xml);
    return step;
}

static void begin_scenario(reader *r, const char **given)
{
    static const char *const names[] = { "name", NULL };
    const char *values[1] = { NULL };
    take_attributes(r, given, names, values);
}

static void begin_send(reader *r, const char **given)
{
    static const char *const names[] = { "retrans", NULL };
    const char *values[1] = { NULL };
    take_attributes(r, given, names, values);
    r->step = add_step(r, SIPP_SEND);
    r->step->retrans_ms = number_of(r, values[0]);
    r->text.n = 0;
}

static void begin_recv(reader *r, const char **given)
{
    static const char *const names[] = { "request", "response", "optional", "rrs", NULL };
    const char *values[4] = { NULL };
    take_attributes(r, given, names, values);
    r->step = add_step(r, SIPP_RECV);
    if (!values[0] == !values[1]) {
        fail(r, "one of request and response is needed by", "recv");
        return;
    }
    r->step->request = values[0] ? peal__test_copy(peal_str_z(values[0])) : NULL;
    r->step->status = number_of(r, values[1]);
    r->step->is_optional = truth_of(r, values[2]);
    r->step->is_for_routes = truth_of(r, values[3]);
}

static void begin_pause(reader *r, const char **given)
{
    static const char *const names[] = { "milliseconds", NULL };
    const char *values[1] = { NULL };
    take_attributes(r, given, names, values);
    sipp_step *step = add_step(r, SIPP_PAUSE);
    step->is_usual_pause = !values[0];
    step->ms = number_of(r, values[0]);
}

static void begin_action(reader *r, const char **given)
{
    static const char *const names[] = { NULL };
    take_attributes(r, given, names, NULL);
    if (!r->step || r->step->kind != SIPP_RECV) {
        fail(r, "not inside of a recv:", "action");
    }
}

static void begin_ereg(reader *r, const char **given)
{
    static const char *const names[] = { "regexp",   "search_in", "header",
                                         "check_it", "assign_to", NULL };
    const char *values[5] = { NULL };
    sipp_ereg ereg = { .header = NULL };
    take_attributes(r, given, names, values);
    bool in_header = values[1] && strcmp(values[1], "hdr") == 0;
    if (!r->step || !values[0] || !values[4] || in_header == !values[2]) {
        fail(r, "incomplete, or in a wrong place:", "ereg");
    } else if (!in_header && (!values[1] || strcmp(values[1], "body") != 0)) {
        fail(r, "cannot search in", values[1] ? values[1] : "everything");
    }
    ereg.must_match = truth_of(r, values[3]);
    if (r->failure.n) {
        return;
    }
    if (regcomp(&ereg.regex, values[0], REG_EXTENDED) != 0) {
        fail(r, "wrong regular expression", values[0]);
        return;
    }
    ereg.variable = peal__test_copy(peal_str_z(values[4]));
    ereg.header =
        in_header ? peal__test_copy(peal_str_of(values[2], strcspn(values[2], ":"))) : NULL;
    sipp_step *step = r->step;
    step->eregs = peal__test_grow(step->eregs, (step->ereg_count + 1) * sizeof *step->eregs);
    step->eregs[step->ereg_count++] = ereg;
}

/* It keeps SIPp from calling a variable unused. */
static void begin_reference(reader *r, const char **given)
{
    static const char *const names[] = { "variables", NULL };
    const char *values[1] = { NULL };
    take_attributes(r, given, names, values);
}

static void XMLCALL on_start(void *arg, const char *name, const char **given)
{
    static const struct {
        const char *name;
        void (*begin)(reader *r, const char **given);
    } elements[] = { { "scenario", begin_scenario }, { "send", begin_send },
                     { "recv", begin_recv },         { "pause", begin_pause },
                     { "timewait", begin_pause },    { "action", begin_action },
                     { "ereg", begin_ereg },         { "Reference", begin_reference } };
    for (size_t i = 0; i < PEAL_COUNT_OF(elements); ++i) {
        if (strcmp(name, elements[i].name) == 0) {
            elements[i].begin(arg, given);
            return;
        }
    }
    fail(arg, "unknown element", name);
}

static void check_keywords(reader *r, peal_str text)
{
    for (size_t i = 0, bytes = 0; i < text.n; ++i) {
        peal_str keyword = sipp_keyword(peal_str_of(text.p + i, text.n - i), &bytes);
        if (keyword.p && !sipp_is_known(keyword)) {
            char *name = peal__test_copy(keyword);
            fail(r, "unknown keyword", name);
            free(name);
        }
    }
}

/* Without the indentation, and without what surrounds the whole. */
static char *tidy(peal_str text)
{
    static const char blanks[] = " \t\r\n";
    peal__test_text lines = { NULL, 0, 0 };
    while (text.n && strchr(blanks, *text.p)) {
        ++text.p, --text.n;
    }
    for (peal_str line; (line = peal__test_line(&text)).p;) {
        peal__test_addf(&lines, "%.*s\n", PEAL_STR_ARG(peal__test_trim(line)));
    }
    while (lines.n && strchr(blanks, lines.p[lines.n - 1])) {
        lines.p[--lines.n] = '\0';
    }
    return lines.p ? lines.p : peal__test_copy(peal_str_of("", 0));
}

static void XMLCALL on_end(void *arg, const char *name)
{
    reader *r = arg;
    if (strcmp(name, "send") == 0) {
        r->step->text = tidy(peal__test_str(&r->text));
        check_keywords(r, peal_str_z(r->step->text));
        if (!*r->step->text) {
            fail(r, "nothing to", "send");
        }
    }
    if (strcmp(name, "send") == 0 || strcmp(name, "recv") == 0) {
        r->step = NULL;
    }
}

static void XMLCALL on_text(void *arg, const char *text, int bytes)
{
    reader *r = arg;
    if (r->step && r->step->kind == SIPP_SEND) {
        peal__test_add(&r->text, peal_str_of(text, (size_t)bytes));
    } else if (peal__test_trim(peal_str_of(text, (size_t)bytes)).n && *text != '\n') {
        fail(r, "text outside of", "send");
    }
}

bool sipp_can_read(void)
{
    return true;
}

char *sipp_read(const char *name, peal_str xml, sipp_scenario *ret)
{
    reader r = { .xml = XML_ParserCreate(NULL), .scenario = ret };
    memset(ret, 0, sizeof *ret);
    if (!r.xml) {
        return peal__test_copy(PEAL_STR("no memory to read XML"));
    }
    ret->name = peal__test_copy(peal_str_z(name));
    XML_SetUserData(r.xml, &r);
    XML_SetElementHandler(r.xml, on_start, on_end);
    XML_SetCharacterDataHandler(r.xml, on_text);
    if (XML_Parse(r.xml, xml.p, (int)xml.n, XML_TRUE) != XML_STATUS_OK) {
        fail(&r, "bad XML:", XML_ErrorString(XML_GetErrorCode(r.xml)));
    } else if (!ret->count) {
        fail(&r, "nothing to do in", "scenario");
    }
    XML_ParserFree(r.xml);
    free(r.text.p);
    if (r.failure.n) {
        sipp_scenario_fini(ret);
        return r.failure.p;
    }
    return NULL;
}

#else

bool sipp_can_read(void)
{
    return false;
}

char *sipp_read(const char *name, peal_str xml, sipp_scenario *ret)
{
    (void)name;
    (void)xml;
    memset(ret, 0, sizeof *ret);
    return peal__test_copy(PEAL_STR("built without Expat"));
}

#endif
