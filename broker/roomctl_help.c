/* roomctl_help - --help, of all commands and of each. */
#include <stdio.h>
#include <string.h>

#include "roomctl.h"

static const char all[] = "Usage: roomctl [-s SOCKET] [--json] COMMAND [...]\n"
			  "\n"
			  "Looks into a running video-signaling server, and acts on its rooms.\n"
			  "\n"
			  "To look:\n"
			  "  status            version, processes, sandbox, limits and how near they are\n"
			  "  list              all rooms; --sort room|members|age|messages|bytes|number,\n"
			  "                    --filter TEXT, --members AT_LEAST, --limit COUNT\n"
			  "  show ROOM         who is in it, since when, what they sent, what waits\n"
			  "  top               the list, live: sort by a key, open a room with enter\n"
			  "  watch             what happens, a line each; --for SECONDS\n"
			  "  trace ROOM        the signaling of one room as a ladder, and in words what\n"
			  "                    is missing for a call; --for SECONDS\n"
			  "  settings          all settings in force\n"
			  "  token             an access token for testing: --room ROOM --sub LABEL\n"
			  "                    --ttl 1h\n"
			  "To act (root, the server's own user, or the admin group):\n"
			  "  kick ROOM CLIENT  end one member's connection (4001)\n"
			  "  close ROOM        end everyone's in a room (4002)\n"
			  "  drain             take no new rooms; --wait until the last has ended,\n"
			  "                    --timeout SECONDS at most\n"
			  "  undrain           take new rooms again\n"
			  "  log LEVEL         error, warn, info, debug or trace\n"
			  "\n"
			  "  -s, --socket PATH  the server's control socket, if it is not found by itself\n"
			  "  --json             print what the server answers, as JSON\n"
			  "  -h, --help         print this; `roomctl COMMAND --help` explains the command\n"
			  "  -V, --version      print the version\n"
			  "\n"
			  "Exit status: 0 done, 1 wrong usage, 2 no server, 3 not allowed, 4 not found,\n"
			  "5 ambiguous, 6 refused, 7 server gone, 8 time over, 9 trace: something missing.\n";

static const struct {
	const char *command;
	const char *text;
} texts[] = {
    {"status", "Usage: roomctl status\n\n"
	       "One look at the whole server. A limit that is 70 % used is yellow, one that is\n"
	       "90 % used is red.\n"},
    {"list", "Usage: roomctl list [--sort KEY] [--filter TEXT] [--members N] [--limit N]\n\n"
	     "All rooms, by name; with --sort, the largest first. KEY is room, members, age,\n"
	     "messages, bytes or number. With log_names = hashed, a room is shown as 8 hex\n"
	     "digits: the same as in the log, and every command takes them for its name.\n\n"
	     "  roomctl list --sort messages --limit 10    the ten busiest\n"
	     "  roomctl list --members 3                   where more than two talk\n"},
    {"show", "Usage: roomctl show ROOM\n\n"
	     "ROOM is its name, or what `roomctl list` shows. Round trips are those of the\n"
	     "last WebSocket ping, or of TCP while there was none.\n"},
    {"top", "Usage: roomctl top [--sort KEY] [--interval SECONDS]\n\n"
	    "Keys: arrows or j and k choose a room, enter opens it, escape goes back; r m a t\n"
	    "b sort by room, members, age, messages, bytes; q quits.\n"},
    {"watch", "Usage: roomctl watch [--for SECONDS]\n\n"
	      "Who joins and leaves, who is refused and why, rooms that open, close, are lost\n"
	      "and healed. A reader that is too slow is told how many events it has missed.\n"},
    {"trace", "Usage: roomctl trace ROOM [--for SECONDS]\n\n"
	      "Draws each offer, answer and candidate from sender to receiver as it passes,\n"
	      "with its size and the types of its candidates; never what it says. When it is\n"
	      "quiet, and at the end (Ctrl-C), says what is missing: no offer, no answer, no\n"
	      "candidates one way, host candidates only, the peer gone, glare. Then the exit\n"
	      "status is 9.\n\n"
	      "  roomctl trace ward-3 --for 0    what is missing by now, at once\n"},
    {"kick", "Usage: roomctl kick ROOM CLIENT\n\n"
	     "CLIENT is its id, at least the first four digits of it, or a label that only one\n"
	     "member bears. It is closed with 4001; the others hear that it was kicked.\n"},
    {"close", "Usage: roomctl close ROOM\n\n"
	      "Everyone in it is closed with 4002. They may come back: the room is not locked.\n"},
    {"drain", "Usage: roomctl drain [--wait] [--timeout SECONDS]\n\n"
	      "From now on new rooms are refused, and /health answers 503, so that a balancer\n"
	      "sends clients elsewhere. Rooms that there are go on, and can be joined.\n\n"
	      "  roomctl drain --wait --timeout 600 && systemctl stop video-signaling\n"},
    {"undrain", "Usage: roomctl undrain\n\nTakes new rooms again.\n"},
    {"log", "Usage: roomctl log LEVEL\n\n"
	    "error, warn, info, debug or trace, until the server is started anew. At debug,\n"
	    "each signal that is relayed is a line (never what it says).\n"},
    {"token", "Usage: roomctl token --room ROOM --sub LABEL [--ttl 1h] [--key FILE]\n"
	      "                     [--iss TEXT] [--aud TEXT]\n\n"
	      "Prints an access token for one room (or a pattern, such as 'ward-*') and label,\n"
	      "signed with the newest secret in the server's token_keys, with the issuer and\n"
	      "audience that it wants. With --key no server is asked: FILE is NAME.secret, or a\n"
	      "private key in PEM, of P-256 or Ed25519, and NAME the kid.\n\n"
	      "  roomctl token --room consult-42 --sub doctor-123 --ttl 15m\n"},
    {"settings", "Usage: roomctl settings\n\nAll settings in force; video-signaling.conf(5) explains them.\n"},
};

void roomctl_help(const char *command)
{
	const char *text = all;

	for (size_t i = 0; command && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].command, command) == 0)
			text = texts[i].text;
	fputs(text, stdout);
}
