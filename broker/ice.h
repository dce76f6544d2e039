/*
 * ice - the list of STUN and TURN servers, as RTCPeerConnection takes it.
 * Process: keeper (checks the setting), broker.  Pure.
 */
#ifndef ICE_H
#define ICE_H

#include "out.h"

/* Can the setting `ice_servers` be read: addresses as RFC 7064 and 7065 have them, separated by commas? */
bool ice_urls_are_good(const char *urls);

/* Is there a TURN server among them, which wants credentials? */
bool ice_urls_have_turn(const char *urls);

/* Writes `[{"urls":["stun:..."]},{"urls":["turn:..."],"username":...,"credential":...}]`. Only TURN servers get
 * credentials, and only if there is a user. */
void ice_write(struct out *o, const char *urls, const char *user, const char *credential);

#endif
