/* roomctl_mint - the token that `roomctl token` prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "roomctl_mint.h"
#include "roomctl_sign.h"
#include "text.h"

static int cannot_sign(const char *path)
{
	fprintf(stderr, "roomctl: %s could not sign\n", path);
	return ROOMCTL_REFUSED;
}

static void add_part(struct text *t, const struct text *json)
{
	char *encoded = malloc(BASE64_LENGTH(json->length) + 1);

	if (encoded)
		text_bytes(t, encoded, base64_url_encode(json->at, json->length, encoded));
	t->failed |= !encoded || json->failed;
	free(encoded);
}

static void write_claims(struct text *t, const struct roomctl *o, const char *issuer, const char *audience,
			 uint64_t now_s)
{
	text_add(t, "{");
	text_key(t, "room");
	text_json(t, o->room, strlen(o->room));
	text_key(t, "sub");
	text_json(t, o->subject, strlen(o->subject));
	text_field_unsigned(t, "iat", now_s);
	text_field_unsigned(t, "exp", now_s + o->ttl_ms / 1000);
	if (*issuer)
		text_field(t, "iss", issuer);
	if (*audience)
		text_field(t, "aud", audience);
	text_add(t, "}");
}

/* The name of the file without its directory and its suffix. */
static void write_header(struct text *t, const char *path, enum key_algorithm algorithm)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	text_add(t, "{");
	text_field(t, "alg", key_algorithm_text(algorithm));
	text_field(t, "typ", "JWT");
	text_key(t, "kid");
	text_json(t, name, dot ? (size_t)(dot - name) : strlen(name));
	text_add(t, "}");
}

int roomctl_mint(const struct roomctl *o, const char *path, const char *issuer, const char *audience)
{
	struct roomctl_signer signer;
	struct text header = {0}, claims = {0}, token = {0};
	uint8_t signature[ROOMCTL_SIGNATURE_BYTES];
	char encoded[BASE64_LENGTH(sizeof(signature))];
	int status = roomctl_signer_open(&signer, path);

	if (status != ROOMCTL_DONE)
		return status;
	uint64_t now_s = (uint64_t)time(NULL);
	write_header(&header, path, signer.algorithm);
	write_claims(&claims, o, issuer, audience, now_s);
	add_part(&token, &header);
	text_add(&token, ".");
	add_part(&token, &claims);
	size_t n = token.failed ? 0 : roomctl_sign(&signer, token.at, token.length, signature);
	text_add(&token, ".");
	text_bytes(&token, encoded, base64_url_encode(signature, n, encoded));
	if (n == 0 || token.failed)
		status = cannot_sign(path);
	else if (o->json)
		printf("{\"token\":\"%.*s\",\"expires\":%llu}\n", (int)token.length, token.at,
		       (unsigned long long)(now_s + o->ttl_ms / 1000));
	else
		printf("%.*s\n", (int)token.length, token.at);
	text_free(&header);
	text_free(&claims);
	text_free(&token);
	roomctl_signer_close(&signer);
	return status;
}
