#pragma once
// SQLite's variadic functions, and the few calls whose macros do not reach Swift. Nothing here raises or blocks.
#include <sqlite3.h>
#include <stdint.h>

/// Configures the library once for the process: no serialising mutexes (each connection has one owner), no global
/// memory counters (they are a lock per allocation), and sub-journals of savepoints kept in one block of memory.
/// Returns SQLITE_OK, or the code of the call that failed.
int kontor_sqlite_configure(void);

/// Sets `size` times `count` bytes aside for small allocations. Only for a connection that has not done anything yet.
/// Returns a result code.
int kontor_sqlite_lookaside(sqlite3 *db, int size, int count);

/// sqlite3_db_config for the options that take an int and report an int. Returns a result code.
int kontor_sqlite_db_config(sqlite3 *db, int option, int value);

/// Binds a copy of the bytes. `text` may be NULL only if `length` is 0: an empty text, not NULL.
static inline int kontor_sqlite_bind_text(sqlite3_stmt *s, int index, const char *text, int64_t length) {
    return sqlite3_bind_text64(s, index, text ? text : "", (sqlite3_uint64)length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Binds a copy of the bytes; an empty blob for `length` 0, not NULL.
static inline int kontor_sqlite_bind_blob(sqlite3_stmt *s, int index, const void *bytes, int64_t length) {
    if (length == 0) return sqlite3_bind_zeroblob(s, index, 0);
    return sqlite3_bind_blob64(s, index, bytes, (sqlite3_uint64)length, SQLITE_TRANSIENT);
}
