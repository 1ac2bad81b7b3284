/* Reads version texts. */
#include "db/mysql/server_version.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { FIRST_MARIADB = 10006000, FIRST_MYSQL = 8000001 };

bool
server_version_supported(const char *info, char name[static SERVER_NAME_SIZE])
{
    bool is_mariadb = strstr(info, "MariaDB") != NULL;
    const char *tidb = strstr(info, "TiDB-");
    const char *numbers = is_mariadb && strncmp(info, "5.5.5-", 6) == 0 ? info + 6 : info;
    int version = number_version(numbers);

    if (tidb != NULL) {
        (void)snprintf(name, SERVER_NAME_SIZE, "TiDB %.60s", tidb + strlen("TiDB-"));
        return true;
    }
    if (version == 0) {
        (void)snprintf(name, SERVER_NAME_SIZE, "a server of version \"%.60s\"", info);
        return false;
    }
    (void)snprintf(name, SERVER_NAME_SIZE, "%s %d.%d.%d", is_mariadb ? "MariaDB" : "MySQL",
                   version / 1000000, version / 1000 % 1000, version % 1000);
    return version >= (is_mariadb ? FIRST_MARIADB : FIRST_MYSQL);
}
