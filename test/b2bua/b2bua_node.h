/* SPDX-License-Identifier: MIT */
/* The real peal-b2bua inside this process, on any port: in the simulator, on a host of its own.
 * Everything is called from the system thread that runs the world, outside of its turns. */
#ifndef B2BUA_NODE_H
#define B2BUA_NODE_H

#include <peal/peal.h>

typedef struct b2bua_node b2bua_node;

/** Starts it with options as on its command line, separated by blanks; --port is not looked at.
 * @return NULL when the options are wrong (a line on standard error says why) or it cannot start */
b2bua_node *b2bua_node_start(peal_port *port, const char *options);
/** All listeners are bound. */
bool b2bua_node_is_ready(const b2bua_node *node);
/** Where it listens: the n-th, from 0. It must be ready. */
peal_socket_addr b2bua_node_address(const b2bua_node *node, size_t n);
/** As SIGTERM: the first lets calls end, the second ends them. One that has not been heard yet
 * swallows the next. */
void b2bua_node_term(b2bua_node *node);
/** It has heard the last one. */
bool b2bua_node_has_heard(const b2bua_node *node);
/** It has shut down. */
bool b2bua_node_is_down(const b2bua_node *node);
/** Calls alive. */
size_t b2bua_node_calls(const b2bua_node *node);
/** Nothing of any call is left. */
bool b2bua_node_is_quiet(b2bua_node *node);
/** Frees it; it must be down, or have been told to end twice.
 * @return its exit status; 3 when something was still held */
int b2bua_node_free(b2bua_node *node);

#endif
