/*
 * roomctl_list - all rooms, fetched, sorted, and shown as a table; for list and top.
 * Process: roomctl.
 */
#ifndef ROOMCTL_LIST_H
#define ROOMCTL_LIST_H

#include "roomctl_link.h"

/* Fetches all rooms, filters and sorts them as the options say. *ret is an array, the caller's. Returns a status. */
int roomctl_list_fetch(struct roomctl_link *link, const struct roomctl *options, struct json_object **ret);

/* Prints the table's head, and the i-th room's line. */
void roomctl_list_head(const struct roomctl *options, const char *end);
void roomctl_list_row(const struct roomctl *options, struct json_object *room, bool chosen, const char *end);

/* Prints what `show` shows. */
void roomctl_show_print(const struct roomctl *options, struct json_object *room, const char *end);

/* May rooms be sorted by this? */
bool roomctl_list_can_sort(const char *key);

#endif
