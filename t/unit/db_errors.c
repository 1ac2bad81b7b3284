/* The table of errors: the kinds that decide between 503 and 500, retries and new connections. */
#include "db/mysql/connection.h"
#include "t/unit/tap.h"

/* Errors of servers and libraries, by the kind that each must have. */
static const struct expectation {
    const char *about;
    enum error_kind kind;
    unsigned numbers[24];
} expectations[] = {
    {"a full disk, memory or log", ERROR_FULL, {3,    5,    20,   28,   1021, 1026, 1037, 1038,
                                                1041, 1114, 1135, 1197, 1206, 1461, 1534, 1637,
                                                1705, 1811, 1878, 3015, 3019, 3170}},
    {"a server that takes no writes", ERROR_READ_ONLY, {1036, 1207, 1290, 1792, 1836, 1874}},
    {"a server that refuses connections or work",
     ERROR_AWAY,
     {1040, 1042, 1043, 1044, 1045, 1047, 1049, 1129, 1130, 1153, 1203, 1223, 1226, 3032, 3168,
      4151}},
    {"a conflict",
     ERROR_CONFLICT,
     {1020, 1205, 1213, 1412, 1613, 1614, 1689, 3101, 3572, 8002, 8022, 8028, 9007}},
    {"a duplicate key", ERROR_DUPLICATE, {1022, 1062, 1169, 1586}},
    {"a lost connection",
     ERROR_LOST,
     {1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2000, 2013, 2014, 2020, 2027, 3169,
      5000, 5013, 5025}},
    {"a connection that was closed before", ERROR_GONE, {2006, 4031}},
    {"a statement to prepare again", ERROR_REPREPARE, {1243, 1615}},
    {"a wrong statement or value",
     ERROR_WRONG,
     {1048, 1055, 1064, 1136, 1149, 1264, 1292, 1365, 1366, 1406, 1451, 1452, 1690, 3819, 4025}},
    {"a statement that was ended", ERROR_PASSING, {1317, 1969, 3024}},
    {"an error of a log, replication or the engine",
     ERROR_PASSING,
     {1030, 1180, 1181, 1182, 1186, 1534 + 64, 1665, 1756, 1815, 3100, 3098}},
    {"a schema of another version", ERROR_PASSING, {1054, 1146, 1364}},
    {"an error that no list has", ERROR_PASSING, {1, 999, 1105, 4999, 6000, 65535}},
};

int
main(void)
{
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        const struct expectation *e = &expectations[i];

        for (size_t k = 0; e->numbers[k] != 0; k++) {
            char name[120];

            (void)snprintf(name, sizeof(name), "%u is %s", e->numbers[k], e->about);
            is_int(error_kind(e->numbers[k]), e->kind, name);
        }
    }
    return done_testing();
}
