/* SPDX-License-Identifier: MIT */
/* Role: the DNS zone of a simulated world: a table of names and types, asked with a delay.
 * Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

typedef struct record {
    char *data;
    uint32_t ttl_s;
} record;

/** What is known of one name and type. */
typedef struct peal__sim_zone {
    struct peal__sim_zone *next;
    unsigned type;
    uint32_t delay_us;
    peal_result result; /* an error: no records are given */
    record *records;
    size_t count;
    char name[];
} zone;

static zone **find(peal_sim *sim, const char *name, unsigned type)
{
    zone **link = &sim->zone;
    while (*link && !((*link)->type == type &&
                      peal_str_ieq(peal_str_z((*link)->name), peal_str_z(name)))) {
        link = &(*link)->next;
    }
    return link;
}

/* The entry of a name and type, made when there is none; NULL without memory. */
static zone *find_or_add(peal_sim *sim, const char *name, unsigned type)
{
    zone **link = find(sim, name, type);
    if (!*link) {
        size_t bytes = strlen(name) + 1;
        zone *z = peal_calloc(1, sizeof *z + bytes);
        if (z) {
            z->type = type;
            memcpy(z->name, name, bytes);
            *link = z;
        }
    }
    return *link;
}

static void free_zone(zone *z)
{
    for (size_t i = 0; i < z->count; ++i) {
        peal_free(z->records[i].data);
    }
    peal_free(z->records);
    peal_free(z);
}

void peal__sim_zone_fini(peal_sim *sim)
{
    while (sim->zone) {
        zone *z = sim->zone;
        sim->zone = z->next;
        free_zone(z);
    }
}

peal_result peal_sim_zone_add(peal_sim *sim, const char *name, unsigned type, uint32_t ttl_s,
                              const char *data)
{
    zone *z = find_or_add(sim, name, type);
    char *copy = z ? peal_strdup(peal_str_z(data)) : NULL;
    if (!copy) {
        return PEAL_E_NO_MEMORY;
    }
    record *records = peal_realloc(z->records, (z->count + 1) * sizeof *records);
    if (!records) {
        peal_free(copy);
        return PEAL_E_NO_MEMORY;
    }
    z->records = records;
    records[z->count++] = (record){ copy, ttl_s };
    return PEAL_OK;
}

void peal_sim_zone_remove(peal_sim *sim, const char *name, unsigned type)
{
    zone **link = find(sim, name, type);
    zone *z = *link;
    if (z) {
        *link = z->next;
        free_zone(z);
    }
}

peal_result peal_sim_zone_set_answer(peal_sim *sim, const char *name, unsigned type,
                                     uint32_t delay_us, peal_result result)
{
    zone *z = find_or_add(sim, name, type);
    if (!z) {
        return PEAL_E_NO_MEMORY;
    }
    z->delay_us = delay_us;
    z->result = result;
    return PEAL_OK;
}

peal_result peal_sim_zone_ask(peal_sim_host *host, const char *name, unsigned type,
                              peal_sim_answer *answer, void *arg)
{
    peal_sim *sim = host->sim;
    const zone *z = *find(sim, name, type);
    size_t bytes = strlen(name) + 1;
    peal__sim_question *question = peal_calloc(1, sizeof *question + bytes);
    if (!question) {
        return PEAL_E_NO_MEMORY;
    }
    question->entry.kind = PEAL__SIM_ANSWER;
    question->host = host;
    question->answer = answer;
    question->arg = arg;
    question->type = type;
    memcpy(question->name, name, bytes);
    uint64_t delay_ns = z ? (uint64_t)z->delay_us * 1000 : 0;
    peal_result r = peal__sim_put(sim, &question->entry, sim->now_ns + delay_ns);
    if (r < 0) {
        peal_free(question);
    }
    return r;
}

static void give(const zone *z, const peal__sim_question *question, peal_str *views)
{
    uint32_t ttl_s = UINT32_MAX;
    for (size_t i = 0; i < z->count; ++i) {
        views[i] = peal_str_z(z->records[i].data);
        ttl_s = z->records[i].ttl_s < ttl_s ? z->records[i].ttl_s : ttl_s;
    }
    question->answer(question->arg, PEAL_OK, views, z->count, ttl_s);
}

/* What the zone holds now counts, not what it held when it was asked. */
void peal__sim_answer_question(peal_sim *sim, peal__sim_question *question)
{
    const zone *z = *find(sim, question->name, question->type);
    peal_sim_event event = { .kind = PEAL_SIM_RESOLVED,
                             .host = question->host,
                             .number = question->type,
                             .bytes = peal_str_z(question->name) };
    peal_str *views = NULL;
    if (z && z->result < 0) {
        event.result = z->result;
    } else if (!z || !z->count) {
        event.result = PEAL_E_NOT_FOUND;
    } else if (!(views = peal_alloc(z->count * sizeof *views))) {
        event.result = PEAL_E_NO_MEMORY;
    }
    peal__sim_note(sim, &event);
    if (views) {
        give(z, question, views);
    } else {
        question->answer(question->arg, event.result, NULL, 0, 0);
    }
    peal_free(views);
}
