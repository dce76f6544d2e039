/* room_limits - what a room must know of the settings. */
#include "room_limits.h"

/* With the bound off, the largest that a slow reader's queue can hold. */
static uint32_t message_bytes_max(const struct settings *settings)
{
	uint64_t queue = settings->queue_bytes_max ? settings->queue_bytes_max : LIMIT_QUEUE_BYTES_CEILING;
	uint64_t most = queue - LIMIT_RELAY_BYTES;

	if (settings->message_bytes_max)
		return (uint32_t)settings->message_bytes_max;
	return most < LIMIT_MESSAGE_BYTES_CEILING ? (uint32_t)most : LIMIT_MESSAGE_BYTES_CEILING;
}

struct ipc_open room_limits(const struct settings *settings)
{
	return (struct ipc_open){
	    .max_members = settings->max_members ? (uint32_t)settings->max_members : LIMIT_MEMBERS_CEILING,
	    .message_bytes_max = message_bytes_max(settings),
	    .queue_bytes_max =
		settings->queue_bytes_max ? (uint32_t)settings->queue_bytes_max : LIMIT_QUEUE_BYTES_CEILING,
	    .message_rate = (uint32_t)settings->message_rate,
	    .message_burst = (uint32_t)settings->message_burst,
	    .byte_rate = (uint32_t)settings->byte_rate,
	    .byte_burst = (uint32_t)settings->byte_burst,
	    .bad_messages_max = (uint32_t)settings->bad_messages_max,
	    .ping_interval_ms = (uint32_t)settings->ping_interval_ms,
	    .ping_timeout_ms = (uint32_t)settings->ping_timeout_ms,
	    .resume_ms = (uint32_t)settings->resume_ms,
	};
}
