/*
 * The libraries have gaps if they are only told to use TLS:
 *
 * - Connector/C 3.3 continues unencrypted with a server that does not offer it, so the cipher is
 *   checked after connecting. With verification, it refuses.
 * - Connector/C 3.4 uses TLS and verifies by default, so `off` must be set, too. It believes a
 *   server with an unknown certificate that proves to know the account's password, unless it was
 *   given certificates to trust; those of the system are therefore named. It accepts a trusted
 *   certificate of any name if the host is 127.0.0.1 or ::1, which nothing here changes.
 * - libmysqlclient does not verify without being given certificates. Without TLS, it signs in with
 *   caching_sha2_password only if it may ask the server for its public key.
 */
#include "db/mysql/tls.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

/* A unix socket is never encrypted. */
static bool
tls_is_used(const struct settings *s)
{
    return s->db_tls != TLS_OFF && s->db_socket[0] == '\0';
}

static bool
tls_set_mode(MYSQL *mysql, enum tls_mode mode)
{
#ifdef CONNECTOR_C
    mysql_flag enforce = mode != TLS_OFF, verify = mode == TLS_VERIFY;

    return mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce) == 0 &&
           mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify) == 0;
#else
    static const unsigned modes[] = {[TLS_OFF] = SSL_MODE_DISABLED,
                                     [TLS_ON] = SSL_MODE_REQUIRED,
                                     [TLS_VERIFY] = SSL_MODE_VERIFY_IDENTITY};
    mysql_flag ask_for_key = mode == TLS_OFF;

    return mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[mode]) == 0 &&
           mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &ask_for_key) == 0;
#endif
}

/* OpenSSL's own places, which its variables of the environment can move. */
static bool
tls_trust_system(MYSQL *mysql)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *folder = getenv(X509_get_default_cert_dir_env());

    file = file != NULL ? file : X509_get_default_cert_file();
    folder = folder != NULL ? folder : X509_get_default_cert_dir();
    return (access(file, R_OK) != 0 || mysql_options(mysql, MYSQL_OPT_SSL_CA, file) == 0) &&
           mysql_options(mysql, MYSQL_OPT_SSL_CAPATH, folder) == 0;
}

bool
tls_set_options(MYSQL *mysql, const struct settings *s)
{
    static const unsigned tcp = MYSQL_PROTOCOL_TCP; /* "localhost" would be a unix socket */
    bool good = tls_set_mode(mysql, tls_is_used(s) ? s->db_tls : TLS_OFF);

    if (good && tls_is_used(s)) {
        good = mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp) == 0;
    }
    if (good && tls_is_used(s) && s->db_tls == TLS_VERIFY) {
        good = s->db_tls_ca[0] != '\0' ? mysql_options(mysql, MYSQL_OPT_SSL_CA, s->db_tls_ca) == 0
                                       : tls_trust_system(mysql);
    }
    return good;
}

const char *
tls_fault(MYSQL *mysql, const struct settings *s, bool connected)
{
    if (!connected) {
        return mysql_errno(mysql) == CR_SSL_CONNECTION_ERROR ? mysql_error(mysql) : NULL;
    }
    return tls_is_used(s) && mysql_get_ssl_cipher(mysql) == NULL ? "the server does not offer TLS"
                                                                 : NULL;
}
