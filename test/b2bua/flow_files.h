/* SPDX-License-Identifier: MIT */
/* The flows in test/flows/scripts, one by one. */
#ifndef FLOW_FILES_H
#define FLOW_FILES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct flow {
    char *name; /* "cancels.flow: while_ringing" */
    char *text; /* the whole script, with what is played before */
} flow;

/* All flows in a folder, by file name and place. @return how many; 0 when it cannot be read */
size_t flows_read(const char *folder, flow **ret);
/* It does to the network what only a simulated one suffers. */
bool flow_needs_simulation(const flow *f);
/* It has peers that speak IPv6. */
bool flow_needs_ipv6(const flow *f);
void flows_free(flow *flows, size_t count);

#endif
