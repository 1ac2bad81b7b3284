/*
 * The meaning of each error of the servers and their client libraries. An error that may pass gets
 * the reply 503, one of the statement itself 500: then sending it again is of no use.
 *
 * An error that is not listed counts as passing: a client that tries again in vain costs less than
 * one that gives up a message. The statement is logged in either case. Missing tables, columns and
 * privileges may pass, too: the operator gives them while the program already runs, and during an
 * upgrade the program and the schema are of different versions for a while.
 *
 * Sources: mysqld_error.h and errmsg.h of both libraries; MySQL: "Server Error Message Reference";
 * MariaDB: "MariaDB Error Code Reference"; TiDB: "Error Codes and Troubleshooting". Numbers below
 * 1000 are of the operating system and the storage engines (my_base.h, mysys_err.h).
 */
#include <stddef.h>

#include "db/mysql/connection.h"

/* Ascending and disjoint. */
static const struct error_range {
    unsigned first, last;
    enum error_kind kind;
} error_ranges[] = {
    {3, 3, ERROR_FULL},         /* EE_WRITE: error writing a file */
    {5, 5, ERROR_FULL},         /* EE_OUTOFMEMORY */
    {12, 12, ERROR_FULL},       /* ENOMEM */
    {14, 14, ERROR_FULL},       /* EE_CANT_CHSIZE */
    {20, 20, ERROR_FULL},       /* EE_DISK_FULL */
    {23, 24, ERROR_FULL},       /* EE_OUT_OF_FILERESOURCES, EMFILE */
    {27, 28, ERROR_FULL},       /* EFBIG, ENOSPC */
    {42, 42, ERROR_FULL},       /* EE_CAPACITY_EXCEEDED */
    {122, 122, ERROR_FULL},     /* EDQUOT */
    {128, 128, ERROR_FULL},     /* HA_ERR_OUT_OF_MEM */
    {135, 136, ERROR_FULL},     /* HA_ERR_RECORD_FILE_FULL, HA_ERR_INDEX_FILE_FULL */
    {146, 146, ERROR_CONFLICT}, /* HA_ERR_LOCK_WAIT_TIMEOUT */
    {147, 147, ERROR_FULL},     /* HA_ERR_LOCK_TABLE_FULL */
    {149, 149, ERROR_CONFLICT}, /* HA_ERR_LOCK_DEADLOCK */
    {177, 177, ERROR_FULL},     /* HA_ERR_TOO_MANY_CONCURRENT_TRXS */

    {1020, 1020, ERROR_CONFLICT},  /* ER_CHECKREAD: MariaDB with innodb_snapshot_isolation */
    {1021, 1021, ERROR_FULL},      /* ER_DISK_FULL */
    {1022, 1022, ERROR_DUPLICATE}, /* ER_DUP_KEY */
    {1026, 1026, ERROR_FULL},      /* ER_ERROR_ON_WRITE */
    {1036, 1036, ERROR_READ_ONLY}, /* ER_OPEN_AS_READONLY */
    {1037, 1038, ERROR_FULL},      /* ER_OUTOFMEMORY, ER_OUT_OF_SORTMEMORY */
    {1040, 1040, ERROR_AWAY},      /* ER_CON_COUNT_ERROR */
    {1041, 1041, ERROR_FULL},      /* ER_OUT_OF_RESOURCES */
    {1042, 1045, ERROR_AWAY},      /* ER_BAD_HOST_ERROR … ER_ACCESS_DENIED_ERROR */
    {1047, 1047, ERROR_AWAY},      /* ER_UNKNOWN_COM_ERROR: a Galera node that is not ready */
    {1048, 1048, ERROR_WRONG},     /* ER_BAD_NULL_ERROR */
    {1049, 1049, ERROR_AWAY},      /* ER_BAD_DB_ERROR: before `fastchat migrate` */
    {1050, 1052, ERROR_WRONG},     /* ER_TABLE_EXISTS_ERROR … ER_NON_UNIQ_ERROR */
    {1053, 1053, ERROR_LOST},      /* ER_SERVER_SHUTDOWN */
    {1055, 1061, ERROR_WRONG},     /* ER_WRONG_FIELD_WITH_GROUP … ER_DUP_KEYNAME */
    {1062, 1062, ERROR_DUPLICATE}, /* ER_DUP_ENTRY */
    {1063, 1075, ERROR_WRONG},     /* ER_WRONG_FIELD_SPEC … ER_WRONG_AUTO_KEY */
    {1077, 1080, ERROR_LOST},      /* ER_NORMAL_SHUTDOWN … ER_FORCING_CLOSE */
    {1093, 1093, ERROR_WRONG},     /* ER_UPDATE_TABLE_USED */
    {1096, 1097, ERROR_WRONG},     /* ER_NO_TABLES_USED, ER_TOO_BIG_SET */
    {1099, 1100, ERROR_AWAY},      /* ER_TABLE_NOT_LOCKED…: init_connect has locked tables */
    {1106, 1113, ERROR_WRONG},     /* ER_UNKNOWN_PROCEDURE … ER_TABLE_MUST_HAVE_COLUMNS */
    {1114, 1114, ERROR_FULL},      /* ER_RECORD_FILE_FULL: "The table is full" */
    {1115, 1115, ERROR_WRONG},     /* ER_UNKNOWN_CHARACTER_SET */
    {1119, 1119, ERROR_FULL},      /* ER_STACK_OVERRUN */
    {1120, 1121, ERROR_WRONG},     /* ER_WRONG_OUTER_JOIN, ER_NULL_COLUMN_IN_INDEX */
    {1129, 1130, ERROR_AWAY},      /* ER_HOST_IS_BLOCKED, ER_HOST_NOT_PRIVILEGED */
    {1135, 1135, ERROR_FULL},      /* ER_CANT_CREATE_THREAD */
    {1136, 1136, ERROR_WRONG},     /* ER_WRONG_VALUE_COUNT_ON_ROW */
    {1138, 1140, ERROR_WRONG},     /* ER_INVALID_USE_OF_NULL … ER_MIX_OF_GROUP_FUNC_AND_FIELDS */
    {1149, 1149, ERROR_WRONG},     /* ER_SYNTAX_ERROR */
    {1152, 1152, ERROR_LOST},      /* ER_ABORTING_CONNECTION */
    {1153, 1153, ERROR_AWAY},      /* ER_NET_PACKET_TOO_LARGE: the server then closes */
    {1154, 1161, ERROR_LOST},      /* ER_NET_READ_ERROR_FROM_PIPE … ER_NET_WRITE_INTERRUPTED */
    {1162, 1164, ERROR_WRONG},     /* ER_TOO_LONG_STRING … */
    {1166, 1168, ERROR_WRONG},     /* ER_WRONG_COLUMN_NAME … ER_WRONG_MRG_TABLE */
    {1169, 1169, ERROR_DUPLICATE}, /* ER_DUP_UNIQUE */
    {1176, 1176, ERROR_WRONG},     /* ER_KEY_DOES_NOT_EXISTS */
    {1184, 1184, ERROR_LOST},      /* ER_NEW_ABORTING_CONNECTION */
    {1197, 1197, ERROR_FULL},      /* ER_TRANS_CACHE_FULL: max_binlog_cache_size */
    {1203, 1203, ERROR_AWAY},      /* ER_TOO_MANY_USER_CONNECTIONS */
    {1205, 1205, ERROR_CONFLICT},  /* ER_LOCK_WAIT_TIMEOUT */
    {1206, 1206, ERROR_FULL},      /* ER_LOCK_TABLE_FULL */
    {1207, 1207, ERROR_READ_ONLY}, /* ER_READ_ONLY_TRANSACTION */
    {1210, 1210, ERROR_WRONG},     /* ER_WRONG_ARGUMENTS */
    {1213, 1213, ERROR_CONFLICT},  /* ER_LOCK_DEADLOCK; a Galera node's failed certification */
    {1215, 1217, ERROR_WRONG},     /* ER_CANNOT_ADD_FOREIGN … ER_ROW_IS_REFERENCED */
    {1221, 1222, ERROR_WRONG},     /* ER_WRONG_USAGE, ER_WRONG_NUMBER_OF_COLUMNS_IN_SELECT */
    {1223, 1223, ERROR_AWAY},      /* ER_CANT_UPDATE_WITH_READLOCK: of init_connect */
    {1225, 1225, ERROR_WRONG},     /* ER_DUP_ARGUMENT */
    {1226, 1226, ERROR_AWAY},      /* ER_USER_LIMIT_REACHED */
    {1228, 1235, ERROR_WRONG},     /* ER_LOCAL_VARIABLE … ER_NOT_SUPPORTED_YET */
    {1239, 1242, ERROR_WRONG},     /* ER_WRONG_FK_DEF … ER_SUBQUERY_NO_1_ROW */
    {1243, 1243, ERROR_REPREPARE}, /* ER_UNKNOWN_STMT_HANDLER */
    {1247, 1248, ERROR_WRONG},     /* ER_ILLEGAL_REFERENCE, ER_DERIVED_MUST_HAVE_ALIAS */
    {1250, 1250, ERROR_WRONG},     /* ER_TABLENAME_NOT_ALLOWED_HERE */
    {1261, 1265, ERROR_WRONG},     /* ER_WARN_TOO_FEW_RECORDS … WARN_DATA_TRUNCATED */
    {1288, 1288, ERROR_WRONG},     /* ER_NON_UPDATABLE_TABLE */
    {1290, 1290, ERROR_READ_ONLY}, /* ER_OPTION_PREVENTS_STATEMENT: --read-only */
    {1291, 1292, ERROR_WRONG},     /* ER_DUPLICATED_VALUE_IN_TYPE, ER_TRUNCATED_WRONG_VALUE */
    {1295, 1295, ERROR_WRONG},     /* ER_UNSUPPORTED_PS */
    {1300, 1300, ERROR_WRONG},     /* ER_INVALID_CHARACTER_STRING */
    {1303, 1304, ERROR_WRONG},     /* ER_SP_NO_RECURSIVE_CREATE, ER_SP_ALREADY_EXISTS */
    {1308, 1316, ERROR_WRONG},     /* ER_SP_LILABEL_MISMATCH … */
    {1318, 1339, ERROR_WRONG},     /* ER_SP_WRONG_NO_OF_ARGS … ER_SP_CASE_NOT_FOUND */
    {1365, 1367, ERROR_WRONG},     /* ER_DIVISION_BY_ZERO … ER_ILLEGAL_VALUE_FOR_TYPE */
    {1369, 1369, ERROR_WRONG},     /* ER_VIEW_CHECK_FAILED */
    {1390, 1390, ERROR_WRONG},     /* ER_PS_MANY_PARAM */
    {1402, 1402, ERROR_CONFLICT},  /* ER_XA_RBROLLBACK */
    {1406, 1407, ERROR_WRONG},     /* ER_DATA_TOO_LONG, ER_SP_BAD_SQLSTATE */
    {1411, 1411, ERROR_WRONG},     /* ER_WRONG_VALUE_FOR_TYPE */
    {1412, 1412, ERROR_CONFLICT},  /* ER_TABLE_DEF_CHANGED */
    {1436, 1436, ERROR_FULL},      /* ER_STACK_OVERRUN_NEED_MORE */
    {1441, 1441, ERROR_WRONG},     /* ER_DATETIME_FUNCTION_OVERFLOW */
    {1451, 1452, ERROR_WRONG},     /* ER_ROW_IS_REFERENCED_2, ER_NO_REFERENCED_ROW_2 */
    {1461, 1461, ERROR_FULL},      /* ER_MAX_PREPARED_STMT_COUNT_REACHED */
    {1463, 1463, ERROR_WRONG},     /* ER_NON_GROUPING_FIELD_USED */
    {1534, 1534, ERROR_FULL},      /* ER_BINLOG_ROW_LOGGING_FAILED */
    {1582, 1584, ERROR_WRONG},     /* ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT … */
    {1586, 1586, ERROR_DUPLICATE}, /* ER_DUP_ENTRY_WITH_KEY_NAME */
    {1613, 1614, ERROR_CONFLICT},  /* ER_XA_RBTIMEOUT, ER_XA_RBDEADLOCK */
    {1615, 1615, ERROR_REPREPARE}, /* ER_NEED_REPREPARE */
    {1630, 1630, ERROR_WRONG},     /* ER_FUNC_INEXISTENT_NAME_COLLISION */
    {1637, 1637, ERROR_FULL},      /* ER_TOO_MANY_CONCURRENT_TRXS */
    {1689, 1689, ERROR_CONFLICT},  /* ER_LOCK_ABORTED */
    {1690, 1691, ERROR_WRONG},     /* ER_DATA_OUT_OF_RANGE, ER_WRONG_SPVAR_TYPE_IN_LIMIT */
    {1705, 1705, ERROR_FULL},      /* ER_STMT_CACHE_FULL */
    {1706, 1706, ERROR_WRONG},     /* ER_MULTI_UPDATE_KEY_CONFLICT */
    {1742, 1742, ERROR_WRONG},     /* ER_VALUE_TOO_LONG */
    {1761, 1762, ERROR_DUPLICATE}, /* ER_FOREIGN_DUPLICATE_KEY_… */
    {1792, 1792, ERROR_READ_ONLY}, /* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION */
    {1811, 1811, ERROR_FULL},      /* ER_IO_WRITE_ERROR */
    {1820, 1820, ERROR_AWAY},      /* ER_MUST_CHANGE_PASSWORD */
    {1836, 1836, ERROR_READ_ONLY}, /* ER_READ_ONLY_MODE */
    {1862, 1862, ERROR_AWAY},      /* ER_MUST_CHANGE_PASSWORD_LOGIN */
    {1874, 1874, ERROR_READ_ONLY}, /* ER_INNODB_READ_ONLY */
    {1878, 1878, ERROR_FULL},      /* ER_TEMP_FILE_WRITE_FAILURE */
    {1916, 1918, ERROR_WRONG},     /* MariaDB: ER_DATA_OVERFLOW … ER_BAD_DATA */
    {1927, 1927, ERROR_LOST},      /* MariaDB: ER_CONNECTION_KILLED */
    {1964, 1964, ERROR_CONFLICT},  /* MariaDB: ER_PRIOR_COMMIT_FAILED */
    {1977, 1977, ERROR_WRONG},     /* MariaDB: ER_CANNOT_CONVERT_CHARACTER */

    {2000, 2005, ERROR_LOST}, /* the library's own: it does not know what the server did */
    {2006, 2006, ERROR_GONE}, /* CR_SERVER_GONE_ERROR */
    {2007, 2999, ERROR_LOST},

    {3015, 3015, ERROR_FULL},     /* ER_ENGINE_OUT_OF_MEMORY */
    {3019, 3019, ERROR_FULL},     /* ER_INNODB_UNDO_LOG_FULL */
    {3032, 3032, ERROR_AWAY},     /* ER_SERVER_OFFLINE_MODE */
    {3044, 3044, ERROR_FULL},     /* ER_STD_BAD_ALLOC_ERROR */
    {3058, 3058, ERROR_CONFLICT}, /* ER_USER_LOCK_DEADLOCK */
    {3101, 3101, ERROR_CONFLICT}, /* MySQL: ER_TRANSACTION_ROLLBACK_DURING_COMMIT */
    {3118, 3118, ERROR_AWAY},     /* MySQL: ER_ACCOUNT_HAS_BEEN_LOCKED */
    {3132, 3132, ERROR_CONFLICT}, /* MySQL: ER_LOCKING_SERVICE_DEADLOCK */
    {3140, 3149, ERROR_WRONG},    /* MySQL: ER_INVALID_JSON_TEXT … */
    {3168, 3168, ERROR_AWAY},     /* MySQL: ER_SERVER_ISNT_AVAILABLE */
    {3169, 3169, ERROR_LOST},     /* MySQL: ER_SESSION_WAS_KILLED */
    {3170, 3170, ERROR_FULL},     /* MySQL: ER_CAPACITY_EXCEEDED */
    {3572, 3572, ERROR_CONFLICT}, /* MySQL: ER_LOCK_NOWAIT */
    {3819, 3819, ERROR_WRONG},    /* MySQL: ER_CHECK_CONSTRAINT_VIOLATED */
    {4025, 4025, ERROR_WRONG},    /* MariaDB: ER_CONSTRAINT_FAILED */
    {4031, 4031, ERROR_GONE},     /* MySQL: ER_CLIENT_INTERACTION_TIMEOUT */
    {4078, 4079, ERROR_WRONG},    /* MariaDB: ER_ILLEGAL_PARAMETER_DATA_TYPE… */
    {4139, 4139, ERROR_FULL},     /* MariaDB: ER_INDEX_FILE_FULL */
    {4150, 4151, ERROR_AWAY},     /* MariaDB: ER_USER_IS_BLOCKED, ER_ACCOUNT_HAS_BEEN_LOCKED */

    {5000, 5999, ERROR_LOST}, /* Connector/C's own */

    {8002, 8002, ERROR_CONFLICT}, /* TiDB: write conflict of a FOR UPDATE */
    {8022, 8022, ERROR_CONFLICT}, /* TiDB: COMMIT failed, may be repeated */
    {8028, 8028, ERROR_CONFLICT}, /* TiDB: the schema has changed */
    {8175, 8176, ERROR_FULL},     /* TiDB: memory quota */
    {9007, 9007, ERROR_CONFLICT}, /* TiDB: write conflict */
};

enum error_kind
error_kind(unsigned number)
{
    size_t low = 0, high = sizeof(error_ranges) / sizeof(error_ranges[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (number < error_ranges[middle].first) {
            high = middle;
        } else if (number > error_ranges[middle].last) {
            low = middle + 1;
        } else {
            return error_ranges[middle].kind;
        }
    }
    return ERROR_PASSING;
}
