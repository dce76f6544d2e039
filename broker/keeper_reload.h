/*
 * keeper_reload - reads settings, keys and programs again while the server runs.
 * Process: keeper.
 * Fails:   what is wrong is logged, and all stays as it was.
 */
#ifndef KEEPER_RELOAD_H
#define KEEPER_RELOAD_H

#include "keeper.h"

/* Reads the settings again (files, environment, command line), reads the keys that they name, opens the programs that
 * lie there now, and puts all into *config; logs which settings can't change while the server runs, and stay. Returns
 * 0, or -errno and logs why not. */
int keeper_reload(struct keeper_config *config);

#endif
