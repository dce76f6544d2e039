/*
 * setting_check - what a text must be to be the value of a setting, and which values do not fit together.
 * Process: keeper.  Pure.
 */
#ifndef SETTING_CHECK_H
#define SETTING_CHECK_H

#include "settings.h"

/* NULL, or what is wrong with the text and what would be right: `is no ...; it must be ...`. */
const char *setting_check_text(enum setting_id id, const char *text);

/* What follows from the values in force and can't be seen in this one, as a comment for -n; NULL if nothing does. */
const char *setting_check_note(enum setting_id id, const struct settings *settings);

/* Values that are right one by one may be nonsense together. Returns 0, or -EINVAL and fills *ret_problem. */
int setting_check_together(const struct settings_loaded *loaded, struct settings_problem *ret_problem);

#endif
