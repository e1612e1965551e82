#pragma once
// For tests: an SQLite VFS over the system's that fails chosen operations and forgets, at a simulated power cut, what
// was written and not flushed. Nothing happens unless it is registered and a connection asks for "kontor-fault".
#include <sqlite3.h>
#include <stdint.h>

#define KONTOR_FAULT_VFS "kontor-fault"

/// Kinds of operations, to be combined.
enum {
    KONTOR_FAULT_READ = 1,
    KONTOR_FAULT_WRITE = 2,
    KONTOR_FAULT_SYNC = 4,
    KONTOR_FAULT_TRUNCATE = 8,
    KONTOR_FAULT_OPEN = 16,
    KONTOR_FAULT_DELETE = 32,
    KONTOR_FAULT_SHARED_MEMORY = 64,
};

/// What happens to the files of one folder.
typedef struct kontor_fault kontor_fault;

/// Makes the VFS known to SQLite, once for the process. Returns a result code.
int kontor_fault_register(void);

/// Watches the files whose path begins with `folder`; NULL without memory. Freed, it
/// stays in effect for the files that are still open.
kontor_fault *kontor_fault_new(const char *folder);
void kontor_fault_free(kontor_fault *fault);

/// The `nth` operation from now (1 is the next) of these kinds on a file whose name ends in `suffix` fails with `code`
/// and has no effect; with `for_good` all later ones fail too. `nth` 0 ends it. A flush that fails drops what it should
/// have flushed, as Linux does: later flushes do not bring it to the disk.
void kontor_fault_fail(kontor_fault *fault, int kinds, const char *suffix, int64_t nth, int code, int for_good);

/// The same operation as a power cut: it and everything after it fails, and nothing reaches the files any more.
void kontor_fault_cut(kontor_fault *fault, int kinds, const char *suffix, int64_t nth);

/// Operations of these kinds so far.
int64_t kontor_fault_count(const kontor_fault *fault, int kinds);
/// Operations that were made to fail so far.
int64_t kontor_fault_hits(const kontor_fault *fault);

/// How much of what was not flushed is on the disk after the cut.
enum {
    KONTOR_FAULT_LOSE_ALL = 0,
    KONTOR_FAULT_LOSE_SOME = 1,    // each write whole or not at all, in no order
    KONTOR_FAULT_LOSE_SECTORS = 2, // each sector of 512 bytes for itself
    KONTOR_FAULT_LOSE_TAIL = 3,    // in order up to some sector, and nothing after it
    KONTOR_FAULT_LOSE_BYTES = 4,   // files have their new sizes, and zeros where nothing was flushed
};

/// Brings the files into the state after a power cut. All connections to them must be closed. With `loses_names` the folder
/// is as it was when a new file in it was last flushed: files made since are gone, and files removed since are back.
/// Returns 0, or -1 with errno.
int kontor_fault_settle(kontor_fault *fault, int loss, int loses_names, uint64_t seed);
