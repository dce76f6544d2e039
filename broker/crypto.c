/* crypto - OpenSSL, made ready. */
#include <stddef.h>

#include <openssl/crypto.h>

#include "crypto.h"

bool crypto_start(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}
