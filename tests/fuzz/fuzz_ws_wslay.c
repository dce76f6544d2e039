/*
 * fuzz_ws_wslay - a stream of frames, read by ws.c and by libwslay's event API: what we accept, wslay must accept, and
 * both must see the same messages in the same order.
 */
#include <wslay/wslay.h>

#include "ws_reader.h"

#define MESSAGE_MAX 65536

struct peer {
	const uint8_t *data;
	size_t left;
	struct record record;
};

static ssize_t on_recv(wslay_event_context_ptr context, uint8_t *buffer, size_t length, int flags, void *user_data)
{
	struct peer *peer = user_data;
	size_t n = peer->left < length ? peer->left : length;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buffer, peer->data, n);
	peer->data += n;
	peer->left -= n;
	return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr context, const uint8_t *data, size_t length, int flags, void *user_data)
{
	(void)context, (void)data, (void)flags, (void)user_data;
	return (ssize_t)length;
}

static void on_message(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *arg, void *user_data)
{
	static const char kinds[16] = {[WSLAY_TEXT_FRAME] = 'T',
				       [WSLAY_BINARY_FRAME] = 'B',
				       [WSLAY_PING] = 'P',
				       [WSLAY_PONG] = 'Q',
				       [WSLAY_CONNECTION_CLOSE] = 'C'};
	struct peer *peer = user_data;
	const uint8_t *payload = arg->msg;
	size_t length = arg->msg_length;
	uint16_t code = 0;

	(void)context;
	CHECK(arg->opcode < sizeof kinds && kinds[arg->opcode] != 0);
	if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
		code = arg->status_code != 0 ? arg->status_code : WS_CLOSE_NO_STATUS;
		if (length >= 2) {
			payload += 2;
			length -= 2;
		}
	}
	record_event(&peer->record, kinds[arg->opcode], code, payload, (uint32_t)length);
}

static void read_by_wslay(struct peer *peer)
{
	static const struct wslay_event_callbacks callbacks = {
	    .recv_callback = on_recv, .send_callback = on_send, .on_msg_recv_callback = on_message};
	wslay_event_context_ptr context;

	CHECK(wslay_event_context_server_init(&context, &callbacks, peer) == 0);
	wslay_event_config_set_max_recv_msg_length(context, MESSAGE_MAX);
	while (peer->left > 0 && wslay_event_want_read(context) != 0 && wslay_event_recv(context) == 0)
		;
	wslay_event_context_free(context);
}

/* Cuts what ws.c tells more of than wslay off the end of our record: how it failed, and a close that wslay refuses for
 * a code that was registered after it was written. Returns whether either was there. */
static bool cut_end(struct record *ours)
{
	size_t at = 0;

	while (at < ours->n) {
		uint16_t code;
		uint32_t length;
		memcpy(&code, ours->bytes + at + 1, sizeof code);
		memcpy(&length, ours->bytes + at + 3, sizeof length);
		if (ours->bytes[at] == 'F' || (ours->bytes[at] == 'C' && code >= 1012 && code <= 1014)) {
			ours->n = at;
			return true;
		}
		at += 7 + length;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record ours = {0};
	struct peer peer = {.data = data, .left = size};

	ws_reader_read(&ours, data, size, LIMIT_READ_BYTES, MESSAGE_MAX);
	read_by_wslay(&peer);
	bool cut = cut_end(&ours);
	CHECK(peer.record.n >= ours.n);
	CHECK(ours.n == 0 || memcmp(peer.record.bytes, ours.bytes, ours.n) == 0);
	/* wslay is laxer: it reads frames without a mask, say. */
	CHECK(cut || peer.record.n == ours.n);
	free(ours.bytes);
	free(peer.record.bytes);
	return 0;
}
