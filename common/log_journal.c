/* log_journal - the journal's own socket. */
#include "log_journal.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log_fields.h"

/* An event's fields, each value of which is in the message too. */
#define ENTRY_BYTES 4096

static int journal = -1;

bool log_journal_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (journal >= 0)
		return true;
	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return false;
	}
	journal = fd;
	return true;
}

bool log_journal_send(char priority, const char *process, const char *event, const char *details, size_t n)
{
	char entry[ENTRY_BYTES];
	struct out o = out_init(entry, sizeof(entry));

	if (journal < 0)
		return false;
	out_text(&o, "SYSLOG_IDENTIFIER=video-signaling\nPRIORITY=");
	out_bytes(&o, &priority, 1);
	out_text(&o, "\nMESSAGE=");
	out_text(&o, process);
	out_text(&o, ": ");
	out_text(&o, event);
	out_text(&o, n > 0 ? " " : "");
	out_bytes(&o, details, n);
	out_text(&o, "\nVIDEO_SIGNALING_PROCESS=");
	out_text(&o, process);
	out_text(&o, "\nVIDEO_SIGNALING_EVENT=");
	out_text(&o, event);
	out_text(&o, "\n");
	log_fields_journal(&o, details, n);
	return send(journal, o.at, o.length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)o.length;
}
