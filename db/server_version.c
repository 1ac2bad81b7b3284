/* Reads version texts. */
#include "db/server_version.h"

#include <stdio.h>
#include <string.h>

bool
server_version_supported(const char *info, char name[static SERVER_NAME_SIZE])
{
    bool is_mariadb = strstr(info, "MariaDB") != NULL;
    const char *tidb = strstr(info, "TiDB-");
    const char *numbers = is_mariadb && strncmp(info, "5.5.5-", 6) == 0 ? info + 6 : info;
    int major = 0, minor = 0, patch = 0;

    if (tidb != NULL) {
        (void)snprintf(name, SERVER_NAME_SIZE, "TiDB %.60s", tidb + strlen("TiDB-"));
        return true;
    }
    if (sscanf(numbers, "%4d.%4d.%4d", &major, &minor, &patch) != 3) {
        (void)snprintf(name, SERVER_NAME_SIZE, "a server of version \"%.60s\"", info);
        return false;
    }
    (void)snprintf(name, SERVER_NAME_SIZE, "%s %d.%d.%d", is_mariadb ? "MariaDB" : "MySQL", major,
                   minor, patch);
    return is_mariadb ? major > 10 || (major == 10 && minor >= 6)
                      : major > 8 || (major == 8 && (minor > 0 || patch >= 1));
}
