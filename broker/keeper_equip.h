/*
 * keeper_equip - what the keeper gives a new broker, and what it tells whoever started it once that serves.
 * Process: keeper.
 */
#ifndef KEEPER_EQUIP_H
#define KEEPER_EQUIP_H

#include "keeper.h"
#include "log.h"

/* Sends over `channel` all that a broker needs to serve: settings, what the broker before left, the demo page's
 * directory, the listeners. Returns 0 or -errno. */
int keeper_equip(const struct keeper_config *config, const uint8_t log_key[LOG_KEY_BYTES], int memory, int channel);

/* Tells the service manager, or whoever sits at the terminal, that clients are served, and where. */
void keeper_greet(const struct keeper_config *config);

#endif
