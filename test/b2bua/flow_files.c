/* SPDX-License-Identifier: MIT */
#include "test/b2bua/flow_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 64, FLOWS_MAX = 512, PATH_MAX_BYTES = 1024 };

static char *read_file(const char *folder, const char *name)
{
    char path[PATH_MAX_BYTES];
    char *text = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    long n = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (n = ftell(file)) >= 0) {
        rewind(file);
        text = malloc((size_t)n + 1);
        if (text && fread(text, 1, (size_t)n, file) != (size_t)n) {
            free(text);
            text = NULL;
        }
        if (text) {
            text[n] = '\0';
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return text;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list_files(const char *folder, char **names)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL && count < FILES_MAX;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end && strcmp(end, ".flow") == 0 && strcmp(entry->d_name, "prelude.flow") != 0) {
            names[count] = strdup(entry->d_name);
            count += names[count] != NULL;
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    qsort(names, count, sizeof *names, by_name);
    return count;
}

static unsigned lines_before(const char *text, const char *at)
{
    unsigned lines = 1;
    for (; text < at; ++text) {
        lines += *text == '\n';
    }
    return lines;
}

/* The next "== " at the start of a line, or the end. */
static const char *next_flow(const char *text)
{
    const char *found = strncmp(text, "== ", 3) == 0 ? text : strstr(text, "\n== ");
    if (!found) {
        return text + strlen(text);
    }
    return *found == '\n' ? found + 1 : found;
}

static size_t split(const char *file, const char *text, const char *prelude, flow *flows,
                    size_t room)
{
    size_t count = 0;
    const char *first = next_flow(text);
    for (const char *at = first, *end; *at && count < room; at = end) {
        const char *body = strchr(at, '\n');
        body = body ? body + 1 : at + strlen(at);
        end = next_flow(body);
        size_t room_bytes = strlen(prelude) + (size_t)(first - text) + (size_t)(end - body) + 64;
        flow *f = &flows[count++];
        f->text = malloc(room_bytes);
        f->name = malloc(strlen(file) + (size_t)(body - at) + 8);
        if (!f->text || !f->name) {
            abort();
        }
        (void)sprintf(f->name, "%s: %.*s", file, (int)(body - at - 4), at + 3);
        (void)sprintf(f->text, "%s\n#line 1\n%.*s\n#line %u\n%.*s", prelude, (int)(first - text),
                      text, lines_before(text, body), (int)(end - body), body);
    }
    return count;
}

size_t flows_read(const char *folder, flow **ret)
{
    char *names[FILES_MAX];
    flow *flows = calloc(FLOWS_MAX, sizeof *flows);
    char *prelude = read_file(folder, "prelude.flow");
    size_t files = list_files(folder, names), count = 0;
    for (size_t i = 0; i < files; ++i) {
        char *text = read_file(folder, names[i]);
        if (text && prelude && flows) {
            count += split(names[i], text, prelude, flows + count, FLOWS_MAX - count);
        }
        free(text);
        free(names[i]);
    }
    free(prelude);
    *ret = flows;
    return count;
}

bool flow_needs_simulation(const flow *f)
{
    static const char *const words[] = { "\ncut ", "\npause ", "\nkill ", "\nlink " };
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
        if (strstr(f->text, words[i])) {
            return true;
        }
    }
    return false;
}

bool flow_needs_ipv6(const flow *f)
{
    return strstr(f->text, " v6\n") || strstr(f->text, "b2bua v6");
}

void flows_free(flow *flows, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        free(flows[i].name);
        free(flows[i].text);
    }
    free(flows);
}
