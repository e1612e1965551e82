#include "CBridgeSQLite.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int configured = SQLITE_OK;

// The way of the default VFS to the files of sub-journals, but for its writes.
static sqlite3_vfs *default_vfs;
static sqlite3_vfs vfs;
static const sqlite3_io_methods *default_methods;
static sqlite3_io_methods methods;

/// SQLite cuts the length of a write to 17 bits: of a block of 128 KiB or more it writes a part, or nothing, and takes that
/// for a full disk. So longer writes go in pieces.
static int write_in_pieces(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    const char *at = bytes;
    while (count > 0) {
        int piece = count < 64 * 1024 ? count : 64 * 1024;
        int rc = default_methods->xWrite(file, at, piece, offset);
        if (rc != SQLITE_OK) return rc;
        at += piece;
        offset += piece;
        count -= piece;
    }
    return SQLITE_OK;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *opened) {
    (void)self;
    int rc = default_vfs->xOpen(default_vfs, name, file, flags, opened);
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_SUBJOURNAL) && file->pMethods == default_methods) file->pMethods = &methods;
    return rc;
}

/// Opens a file such as sub-journals spill into, to learn its methods, and stands before the default VFS from then on.
static int stand_before_default(void) {
    default_vfs = sqlite3_vfs_find(NULL);
    if (!default_vfs) return SQLITE_ERROR;
    sqlite3_file *file = sqlite3_malloc(default_vfs->szOsFile);
    if (!file) return SQLITE_NOMEM;
    memset(file, 0, (size_t)default_vfs->szOsFile);
    int flags = SQLITE_OPEN_SUBJOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;
    int rc = default_vfs->xOpen(default_vfs, NULL, file, flags, NULL);
    if (rc == SQLITE_OK) {
        default_methods = file->pMethods;
        methods = *default_methods;
        methods.xWrite = write_in_pieces;
        default_methods->xClose(file);
        vfs = *default_vfs;
        vfs.zName = "kontor";
        vfs.xOpen = open_file;
        rc = sqlite3_vfs_register(&vfs, 1);
    } else {
        // There is no folder for such files, so nothing can spill: the default serves as well.
        rc = SQLITE_OK;
    }
    sqlite3_free(file);
    return rc;
}

static void configure(void) {
    int rc = sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    if (rc == SQLITE_OK) rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    // A savepoint copies each page before its first change into a sub-journal. With temp_store=MEMORY that journal is a
    // chain of 1 KiB blocks (four allocations a page); as a file that has not spilled yet it is one block of this size.
    if (rc == SQLITE_OK) rc = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 256 * 1024);
    if (rc == SQLITE_OK) rc = sqlite3_initialize();
    if (rc == SQLITE_OK) rc = stand_before_default();
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
