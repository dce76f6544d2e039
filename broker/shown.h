/*
 * shown - how names appear to an operator: as the setting log_names has it, but rooms can always be told apart.
 * Process: broker.
 *
 *     log_names   a room           a label
 *     plain       its name         as it is
 *     hashed      8 hex digits     8 hex digits
 *     none        #17              null
 */
#ifndef SHOWN_H
#define SHOWN_H

#include "room.h"
#include "text.h"

/* Writes it as a JSON value. */
void shown_room(struct text *t, const struct room *room);
void shown_label(struct text *t, const struct broker *broker, const struct name *label);

/* Is the text how the room, or the label, is shown, or could be? */
bool shown_room_is(const struct broker *broker, const struct room *room, const char *text, size_t n);
bool shown_label_is(const struct broker *broker, const struct name *label, const char *text, size_t n);

/* Writes a moment of the loop's clock as milliseconds since 1970. */
void shown_time(struct text *t, const char *key, uint64_t at_ms);

#endif
