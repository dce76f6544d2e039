/*
 * message - what a client writes, in the dialect of the server under test: request, join, signals; and what it has to
 * recognise in the answers.
 * Pure, but for the one random mask of the run.
 *
 * A signal is built and masked once and copied for every send, with its stamp (and in PeerJS's dialect its receiver)
 * patched in: so that the load generator costs little beside the server. All frames of a run bear the same mask, which
 * a server can't know.
 */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dialect { DIALECT_ROOMS, DIALECT_PEERJS };

#define MESSAGE_REQUEST_BYTES 512
#define MESSAGE_JOIN_BYTES 256
#define MESSAGE_HEAD_BYTES 14 /* the largest head of a frame */
#define MESSAGE_STAMP_DIGITS 16

/* A signal ready to be sent: `frame` is head and masked payload. */
struct message {
	unsigned char *frame;
	size_t frame_length;
	size_t payload_at;
	size_t stamp_at; /* in the frame */
	size_t to_at;    /* in the frame; 0: the dialect names no receiver */
	unsigned char mask[4];
};

/* A frame of the server. */
struct frame {
	unsigned opcode;
	bool final;
	const unsigned char *payload;
	size_t length;
	unsigned char mask[4]; /* zero if the frame is not masked: only the bare floor sends masked ones */
};

void message_mask_choose(void);

/* Both write to out and return the length. */
size_t message_request(char out[MESSAGE_REQUEST_BYTES], enum dialect dialect, uint32_t client);
size_t message_join_frame(unsigned char out[MESSAGE_JOIN_BYTES], uint32_t room, uint32_t client);

/* A signal of payload_bytes in all (at least 120). Returns 0 or -EINVAL, -ENOMEM. */
int message_init(struct message *m, enum dialect dialect, size_t payload_bytes);
void message_fini(struct message *m);

/* Copies the frame to out with this stamp, for that receiver. */
void message_copy(const struct message *m, unsigned char *out, uint64_t stamp, uint32_t to);

/* Reads one frame from at[0..n): its length, 0 if it is not whole yet, -EPROTO. */
long frame_read(const unsigned char *at, size_t n, struct frame *ret);

/* An empty pong or a close answer: small control frames, masked. */
size_t frame_control(unsigned char out[MESSAGE_HEAD_BYTES + 125], unsigned opcode, const struct frame *of);

bool frame_contains(const struct frame *f, const char *text);
/* The stamp of a signal; false if there is none. */
bool frame_stamp(const struct frame *f, uint64_t *ret);

/* Whether the frame has the signal's `data` byte for byte, the stamp aside. */
bool frame_carries(const struct frame *f, const struct message *m);

#endif
