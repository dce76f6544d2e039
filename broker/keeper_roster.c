/* keeper_roster - see keeper_roster.h. */
#include <unistd.h>

#include "keeper_roster.h"
#include "memory_file.h"

struct keeper_roster keeper_rosters_take(struct keeper_rosters *rosters)
{
	if (rosters->spare_count > 0)
		return rosters->spares[--rosters->spare_count];
	return (struct keeper_roster){.file = memory_file("roster", NULL, rosters->bytes),
				      .number = ++rosters->last_number};
}

void keeper_rosters_put(struct keeper_rosters *rosters, const struct keeper_roster *roster)
{
	if (roster->known && rosters->spare_count < LIMIT_SPARE_ROSTERS)
		rosters->spares[rosters->spare_count++] = *roster;
	else if (roster->file >= 0)
		close(roster->file);
}

void keeper_rosters_drop(struct keeper_rosters *rosters)
{
	while (rosters->spare_count > 0)
		close(rosters->spares[--rosters->spare_count].file);
}
