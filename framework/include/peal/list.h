/* SPDX-License-Identifier: MIT */
/** @file
 * An intrusive doubly linked list. The node lives in what is listed; a zeroed node is unlinked. */
#ifndef PEAL_LIST_H
#define PEAL_LIST_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list's head, and the node in each item. */
typedef struct peal_node {
    struct peal_node *next; /**< NULL: not in a list */
    struct peal_node *prev; /**< NULL: not in a list */
} peal_node;

/** Makes an empty list of a head. */
PEAL_INLINE void peal_list_init(peal_node *head)
{
    head->next = head->prev = head;
}
/** Nothing in the list (a zeroed head counts as empty). */
PEAL_INLINE bool peal_list_is_empty(const peal_node *head)
{
    return head->next == head || head->next == NULL;
}
/** The node is in a list. */
PEAL_INLINE bool peal_node_is_linked(const peal_node *node)
{
    return node->next != NULL;
}
/** Appends an unlinked node. */
PEAL_INLINE void peal_list_append(peal_node *head, peal_node *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}
/** Puts an unlinked node first. */
PEAL_INLINE void peal_list_prepend(peal_node *head, peal_node *node)
{
    peal_list_append(head->next, node);
}
/** Takes a node out of its list; nothing happens when it is in none. */
PEAL_INLINE void peal_node_unlink(peal_node *node)
{
    if (node->next) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
        node->next = node->prev = NULL;
    }
}
/** The first node, or NULL. */
PEAL_INLINE peal_node *peal_list_first(const peal_node *head)
{
    return peal_list_is_empty(head) ? NULL : head->next;
}
/** The node after @p node, or NULL at the end. */
PEAL_INLINE peal_node *peal_list_next(const peal_node *head, const peal_node *node)
{
    return node->next == head ? NULL : node->next;
}

#ifdef __cplusplus
}
#endif
#endif
