/* roomctl_top - the rooms as they are now, again and again, with keys to sort and to open one. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "roomctl_list.h"
#include "roomctl_shape.h"

#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K\r\n"
#define CLEAR_REST "\x1b[J"

struct top {
	struct roomctl options; /* its sort changes */
	struct roomctl_link link;
	unsigned rows;
	size_t chosen;
	size_t first; /* on the screen */
	bool opened;
	char room[1024]; /* the chosen one's name */
};

static struct termios before;

static void begin_screen(void)
{
	struct termios raw;

	tcgetattr(STDIN_FILENO, &before);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\x1b[?1049h\x1b[?25l", stdout);
}

static void end_screen(void)
{
	fputs("\x1b[?25h\x1b[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void measure(struct top *top)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 && size.ws_col > 20) {
		top->rows = size.ws_row;
		top->options.columns = size.ws_col;
	}
}

/* --- what is shown --- */

static int ask(struct top *top, const char *command, struct json_object **ret)
{
	int status = roomctl_link_send(&top->link, roomctl_request(&top->options, command));

	*ret = NULL;
	if (status == ROOMCTL_DONE)
		status = roomctl_link_read(&top->link, -1, ret);
	return status;
}

static void draw_line(const struct top *top, struct json_object *s)
{
	printf("%s%s%s  %s rooms  %s members  %s connections  pool %s  %s%s",
	       shape_colour(top->options.colour, SHAPE_BOLD), roomctl_text(s, "state"),
	       shape_colour(top->options.colour, SHAPE_PLAIN),
	       shape_count(roomctl_number(roomctl_get(s, "rooms"), "now")).text,
	       shape_count(roomctl_number(s, "members")).text,
	       shape_count(roomctl_number(roomctl_get(s, "connections"), "now")).text,
	       shape_count(roomctl_number(roomctl_get(s, "pool"), "warm")).text,
	       shape_duration(roomctl_number(s, "uptime_ms")).text, CLEAR_LINE);
}

static void draw_list(struct top *top, struct json_object *rooms)
{
	size_t count = json_object_array_length(rooms);
	size_t lines = top->rows - 3;

	if (top->chosen >= count)
		top->chosen = count ? count - 1 : 0;
	if (top->chosen < top->first)
		top->first = top->chosen;
	if (top->chosen >= top->first + lines)
		top->first = top->chosen - lines + 1;
	roomctl_list_head(&top->options, CLEAR_LINE);
	for (size_t i = top->first; i < count && i < top->first + lines; i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		if (i == top->chosen)
			snprintf(top->room, sizeof(top->room), "%s", roomctl_text(room, "room"));
		roomctl_list_row(&top->options, room, i == top->chosen, CLEAR_LINE);
	}
	fputs("q quit  enter open  arrows move  sort: r m a t b" CLEAR_REST, stdout);
}

static int draw(struct top *top)
{
	struct json_object *reply = NULL;
	struct json_object *rooms = NULL;
	int status = ask(top, "status", &reply);

	measure(top);
	fputs(HOME, stdout);
	if (status == ROOMCTL_DONE)
		draw_line(top, reply);
	json_object_put(reply);
	reply = NULL;
	if (status == ROOMCTL_DONE && top->opened) {
		top->options.room = top->room;
		status = ask(top, "show", &reply);
		top->options.room = NULL;
		if (status == ROOMCTL_DONE && json_object_get_boolean(roomctl_get(reply, "ok")))
			roomctl_show_print(&top->options, reply, CLEAR_LINE);
		else
			top->opened = false; /* it is gone */
		fputs("q quit  esc back" CLEAR_REST, stdout);
		json_object_put(reply);
	} else if (status == ROOMCTL_DONE) {
		status = roomctl_list_fetch(&top->link, &top->options, &rooms);
		if (status == ROOMCTL_DONE)
			draw_list(top, rooms);
		json_object_put(rooms);
	}
	fflush(stdout);
	return status;
}

/* --- keys --- */

/* Returns whether to go on. */
static bool on_key(struct top *top, const char *keys, size_t n)
{
	static const struct {
		char key;
		const char *sort;
	} sorts[] = {{'r', "room"}, {'m', "members"}, {'a', "age"}, {'t', "messages"}, {'b', "bytes"}};

	if (keys[0] == 'k' || (n == 3 && memcmp(keys, "\x1b[A", 3) == 0))
		top->chosen -= top->chosen > 0;
	else if (keys[0] == 'j' || (n == 3 && memcmp(keys, "\x1b[B", 3) == 0))
		top->chosen++;
	else if (keys[0] == '\n' || keys[0] == '\r')
		top->opened = *top->room != '\0';
	else if (keys[0] == 'q' || keys[0] == 3)
		return false;
	else if (n == 1 && (keys[0] == 27 || keys[0] == 127))
		top->opened = false;
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (keys[0] == sorts[i].key)
			top->options.sort = sorts[i].sort;
	return true;
}

static int run(struct top *top)
{
	struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
	char keys[8];
	int status;

	while ((status = draw(top)) == ROOMCTL_DONE) {
		if (poll(&key, 1, (int)top->options.interval_ms) <= 0)
			continue;
		ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));
		if (n <= 0 || !on_key(top, keys, (size_t)n))
			break;
	}
	return status;
}

/* Without a terminal: the table, once; as JSON, again and again. */
static int run_plain(struct top *top)
{
	struct json_object *rooms = NULL;
	int status;

	do {
		status = roomctl_list_fetch(&top->link, &top->options, &rooms);
		if (status == ROOMCTL_DONE && top->options.json)
			roomctl_print_json(rooms);
		for (size_t i = 0; status == ROOMCTL_DONE && !top->options.json && i < json_object_array_length(rooms);
		     i++) {
			if (i == 0)
				roomctl_list_head(&top->options, "\n");
			roomctl_list_row(&top->options, json_object_array_get_idx(rooms, i), false, "\n");
		}
		json_object_put(rooms);
	} while (status == ROOMCTL_DONE && top->options.json && poll(NULL, 0, (int)top->options.interval_ms) == 0);
	return status;
}

int roomctl_top(const struct roomctl *o)
{
	struct top top = {.options = *o, .rows = 24};
	int status = roomctl_link_open(&top.link, o);

	if (status != ROOMCTL_DONE)
		return status;
	if (o->json || !o->terminal || !isatty(STDIN_FILENO)) {
		status = run_plain(&top);
	} else {
		begin_screen();
		status = run(&top);
		end_screen();
		if (status == ROOMCTL_LOST) /* what was said of it went with the screen */
			fputs("roomctl: the server has gone\n", stderr);
	}
	roomctl_link_close(&top.link);
	return status;
}
