#include "CBridgeSQLite.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int configured = SQLITE_OK;

static void configure(void) {
    int rc = sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    if (rc == SQLITE_OK) rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    // A savepoint copies each page before its first change into a sub-journal. With temp_store=MEMORY that journal is a
    // chain of 1 KiB blocks (four allocations a page); as a file that has not spilled yet it is one block of this size.
    // Less than 128 KiB: SQLite cuts the length of a write to 17 bits, so a larger block could not be spilled (SQLITE_FULL).
    if (rc == SQLITE_OK) rc = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 126 * 1024);
    if (rc == SQLITE_OK) rc = sqlite3_initialize();
    configured = rc;
}

int kontor_sqlite_configure(void) {
    pthread_once(&once, configure);
    return configured;
}

int kontor_sqlite_lookaside(sqlite3 *db, int size, int count) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, size, count);
}

int kontor_sqlite_db_config(sqlite3 *db, int option, int value) {
    int now = 0;
    return sqlite3_db_config(db, option, value, &now);
}
