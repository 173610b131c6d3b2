/* SPDX-License-Identifier: MIT */
#include "test/b2bua/b2bua_node.h"

#include <stdlib.h>

#include "apps/b2bua/b2bua_priv.h"

enum { WORDS_MAX = 64, OPTIONS_MAX = 2048 };

struct b2bua_node {
    struct b2bua app;
    bool is_ready;
};

static void on_ready(struct b2bua *app)
{
    PEAL_CONTAINER_OF(app, b2bua_node, app)->is_ready = true;
}

static void on_down(struct b2bua *app)
{
    (void)app; /* is_down says it, and is looked at between turns */
}

static peal_result read_options(struct b2bua_options *options, const char *text)
{
    char copy[OPTIONS_MAX];
    char *words[WORDS_MAX + 1] = { (char[]){ "peal-b2bua" } };
    int count = 1, status = 0;
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; *(at += strspn(at, " ")) && count < WORDS_MAX;) {
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at) {
            *at++ = '\0';
        }
    }
    return peal__options_read(options, count, words, &status);
}

static void node_free(b2bua_node *node)
{
    if (node->app.out) {
        (void)fclose(node->app.out); /* it went nowhere */
    }
    free(node);
}

b2bua_node *b2bua_node_start(peal_port *port, const char *options)
{
    b2bua_node *node = calloc(1, sizeof *node);
    if (!node) {
        return NULL;
    }
    node->app.out = fopen("/dev/null", "w"); /* it has nothing to say here */
    if (!node->app.out || peal_init_with(port) < 0) {
        node_free(node);
        return NULL;
    }
    peal_result r = peal_sip_init();
    if (r >= 0) {
        if ((r = read_options(&node->app.options, options)) == PEAL_OK) {
            node->app.options.port = port;
            node->app.on_ready = on_ready;
            node->app.on_down = on_down;
            r = peal__stack_start(&node->app);
            if (r >= 0) {
                return node;
            }
            peal__complain("cannot start: %s", peal_result_text(r));
            peal__stack_free(&node->app);
        }
        peal__options_free(&node->app.options);
        (void)peal_sip_fini();
    }
    (void)peal_fini();
    node_free(node);
    return NULL;
}

bool b2bua_node_is_ready(const b2bua_node *node)
{
    return node->is_ready;
}

peal_socket_addr b2bua_node_address(const b2bua_node *node, size_t n)
{
    return node->app.bound[n];
}

void b2bua_node_term(b2bua_node *node)
{
    peal__command_post(&node->app.term);
}

bool b2bua_node_has_heard(const b2bua_node *node)
{
    return !node->app.term.is_posted;
}

bool b2bua_node_is_down(const b2bua_node *node)
{
    return node->app.is_down != 0;
}

size_t b2bua_node_calls(const b2bua_node *node)
{
    return node->app.call_count;
}

bool b2bua_node_is_quiet(b2bua_node *node)
{
    return b2bua_node_is_down(node) || peal__census_is_quiet(&node->app);
}

int b2bua_node_free(b2bua_node *node)
{
    int status = node->app.exit_status;
    peal__stack_free(&node->app);
    peal__options_free(&node->app.options);
    if (node->app.still_held || node->app.call_count) {
        status = B2BUA_EXIT_LEAK;
    }
    if (peal_sip_fini() < 0 || peal_fini() < 0) {
        status = B2BUA_EXIT_LEAK;
    }
    node_free(node);
    return status;
}
