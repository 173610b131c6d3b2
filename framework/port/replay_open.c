/* SPDX-License-Identifier: MIT */
/* Role: replays as programs see them: opening, notes, how it went.
 * Thread: the one that runs the replay. */
#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/port/replay.h"

/* What happened outside is little: it is read once to learn whether the recording is whole. */
static peal_result look_for_end(peal_replay *replay)
{
    peal__tape_in in = { .segment = 0 };
    peal__tape_stand stand;
    while ((stand = peal__tape_in_peek(&replay->reader, &in, 0)) == PEAL__TAPE_MORE) {
        replay->is_complete = in.next.tag == PEAL__TAPE_END;
        peal__tape_in_take(&in);
    }
    peal__tape_in_fini(&in);
    replay->is_complete = replay->is_complete && !replay->reader.is_cut;
    return stand == PEAL__TAPE_OVER     ? PEAL_OK
           : stand == PEAL__TAPE_BROKEN ? PEAL_E_SYNTAX
                                        : PEAL_E_OS;
}

peal_result peal_replay_open(const char *path, peal_replay **ret, peal_replay_fault *ret_fault)
{
    peal_replay *replay = peal_calloc(1, sizeof *replay);
    if (!replay) {
        return PEAL_E_NO_MEMORY;
    }
    replay->port.vt = &peal__replay_vt;
    peal_list_init(&replay->loops);
    peal_list_init(&replay->socks);
    peal_result r = peal__tape_open(&replay->reader, path);
    if (r >= 0) {
        r = look_for_end(replay);
    }
    if (r < 0) {
        if (ret_fault) {
            ret_fault->offset = replay->reader.offset;
            ret_fault->reason = replay->reader.reason;
        }
        peal_replay_free(replay);
        return r;
    }
    *ret = replay;
    return PEAL_OK;
}

peal_port *peal_replay_port(peal_replay *replay)
{
    return &replay->port;
}

void peal_replay_free(peal_replay *replay)
{
    if (!replay) {
        return;
    }
    PEAL_ASSERT(peal_list_is_empty(&replay->loops));
    peal__tape_in_fini(&replay->outside);
    peal__tape_reader_fini(&replay->reader);
    peal_free(replay->expected);
    peal_free(replay->got);
    peal_free(replay);
}

void peal_replay_set_limit(peal_replay *replay, uint64_t events)
{
    replay->limit = events;
}

void peal_replay_set_observer(peal_replay *replay, peal_replay_observer *observer, void *arg)
{
    replay->observer = observer;
    replay->observer_arg = arg;
}

/* ---- notes ---- */

void peal__replay_note(peal_port *port, const char *kind, peal_str text)
{
    if (port->vt != &peal__replay_vt) {
        return;
    }
    peal_replay *replay = (peal_replay *)(void *)port;
    const peal__tape_event now = { .tag = PEAL__TAPE_NOTE,
                                   .text = peal_str_z(kind),
                                   .data = text };
    (void)peal__replay_expect(replay, replay->current, &now, "td");
}

peal_result peal_replay_next_note(peal_replay *replay, peal_str *ret_kind, peal_str *ret_text)
{
    (void)peal__replay_run(replay);
    const peal__tape_event *event = peal__replay_peek(replay, NULL);
    if (event && event->tag == PEAL__TAPE_NOTE) {
        *ret_kind = event->text;
        *ret_text = event->data;
        return PEAL_OK;
    }
    if (event && event->tag != PEAL__TAPE_END) {
        peal__replay_differ(replay, NULL, event, NULL, "it waits for something from outside");
    } else if (!event && replay->state == PEAL_REPLAY_RUNNING && !replay->is_complete) {
        replay->is_cut = true;
        replay->state = PEAL_REPLAY_CUT;
    }
    return PEAL_I_END;
}

void peal_replay_take_note(peal_replay *replay)
{
    const peal__tape_event *event = peal__replay_peek(replay, NULL);
    if (event && event->tag == PEAL__TAPE_NOTE) {
        peal__replay_take(replay, NULL);
    }
}

/* ---- how it went ---- */

/* What is cut goes on no further once somebody asks; what is whole is over when all of its threads
 * are gone. */
static void conclude(peal_replay *replay)
{
    if (replay->state != PEAL_REPLAY_RUNNING || !replay->opened) {
        return;
    }
    bool is_over = peal_list_is_empty(&replay->loops);
    const peal__tape_event *event = peal__replay_peek(replay, NULL);
    bool is_end = event && event->tag == PEAL__TAPE_END;
    if (replay->state != PEAL_REPLAY_RUNNING || (!is_over && replay->is_complete)) {
        return;
    }
    if (!is_over || replay->is_cut || !event) {
        replay->state = PEAL_REPLAY_CUT;
    } else if (is_end) {
        replay->state = PEAL_REPLAY_IDENTICAL;
    } else {
        peal__replay_differ(replay, NULL, event, NULL, "the program is over");
    }
}

static peal_str text_of(const peal_replay *replay, const char *text, size_t bytes)
{
    if (replay->state != PEAL_REPLAY_DIFFERENT) {
        return peal_str_of(NULL, 0);
    }
    return text ? peal_str_of(text, bytes) : PEAL_STR("(memory is exhausted)");
}

void peal_replay_outcome_get(peal_replay *replay, peal_replay_outcome *ret)
{
    conclude(replay);
    const peal_replay_outcome all = {
        .size = ret->size,
        .state = replay->state,
        .events = replay->events,
        .threads = replay->reader.streams ? replay->reader.streams - 1 : 0,
        .offset = replay->reader.offset ? replay->reader.offset : replay->reader.size,
        .thread = replay->thread,
        .expected = text_of(replay, replay->expected, replay->expected_bytes),
        .got = text_of(replay, replay->got, replay->got_bytes),
        .reason = replay->reader.reason
    };
    memcpy(ret, &all, ret->size < sizeof all ? ret->size : sizeof all);
}
