/* Servers that are too old are refused by their version, whatever form it has. */
#include "db/mysql/server_version.h"

#include "t/unit/tap.h"

static void
check(const char *info, bool supported, const char *expected)
{
    char name[SERVER_NAME_SIZE];

    is_int(server_version_supported(info, name), supported, info);
    is_str(name, expected, "a server has a name for people");
}

int
main(void)
{
    check("10.11.14-MariaDB-0+deb12u2", true, "MariaDB 10.11.14");
    check("5.5.5-10.6.12-MariaDB-log", true, "MariaDB 10.6.12");
    check("5.5.5-10.5.29-MariaDB-0+deb11u1", false, "MariaDB 10.5.29");
    check("11.8.9-MariaDB-0+deb13u1 from Debian", true, "MariaDB 11.8.9");
    check("5.5.68-MariaDB", false, "MariaDB 5.5.68");
    check("8.0.36", true, "MySQL 8.0.36");
    check("8.0.0-dmr", false, "MySQL 8.0.0");
    check("8.4.3-commercial", true, "MySQL 8.4.3");
    check("9.7.4", true, "MySQL 9.7.4");
    check("5.7.44-log", false, "MySQL 5.7.44");
    check("8.0.11-TiDB-v7.5.1", true, "TiDB v7.5.1");
    check("5.7.25-TiDB-v6.5.0", true, "TiDB v6.5.0");
    check("", false, "a server of version \"\"");
    check("ProxySQL", false, "a server of version \"ProxySQL\"");
    check("99999999999999999999.1.1", false, "a server of version \"99999999999999999999.1.1\"");
    return done_testing();
}
