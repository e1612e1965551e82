// The only door to Lua: compile source, make programs, run them. No lua_State leaves this bridge.
//
// Values cross as one flat buffer. Limits do not raise Lua errors: they leave, by longjmp, to kl_run's own frame.
// No longjmp ever crosses a Swift frame: host callbacks return a status, and only C code above them raises or leaves.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Buffers

/// A growing run of bytes. Writers check `count + n <= capacity` themselves and call `kl_buffer_grow` otherwise.
typedef struct kl_buffer {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    size_t limit;     ///< never grows beyond this many bytes
    bool overflowed;  ///< a write did not fit; what was written since is incomplete
} kl_buffer;

/// Makes room for `more` bytes after `count`. False, with `overflowed` set, when the limit does not allow it.
bool kl_buffer_grow(kl_buffer *buffer, size_t more);
/// Gives the memory of a buffer back that is not part of a slot.
void kl_buffer_free(kl_buffer *buffer);

// MARK: Flat values

/// The first byte of each flat value. Numbers are little-endian and not aligned.
enum {
    KL_TAG_NIL = 0,
    KL_TAG_FALSE = 1,
    KL_TAG_TRUE = 2,
    KL_TAG_INT = 3,       ///< int64
    KL_TAG_DOUBLE = 4,    ///< float64, finite
    KL_TAG_STRING = 5,    ///< uint32 length, UTF-8
    KL_TAG_ARRAY = 6,     ///< uint32 count, values
    KL_TAG_MAP = 7,       ///< uint32 count, then per pair: uint32 key length, key, value
    KL_TAG_DECIMAL = 8,   ///< int64 coefficient, uint8 scale 0...18
    KL_TAG_MONEY = 9,     ///< int64 minor, uint8 exponent 0...6, uint8 code length 3...8, code
    KL_TAG_FUNCTION = 10, ///< uint32 line where it is defined; only from `KL_DESCRIBE`
    KL_TAG_EMPTY = 11,    ///< an empty Lua table: an empty array or an empty map, as the reader likes
};

// MARK: Verdicts

/// How a compilation or a run ended. The order is part of the interface with Swift.
typedef enum kl_verdict {
    KL_OK = 0,
    KL_ERROR,     ///< the script raised an error and did not catch it
    KL_COMPILE,   ///< the source does not compile
    KL_STEPS,     ///< instruction budget used up
    KL_TIME,      ///< CPU or wall time used up
    KL_MEMORY,    ///< memory limit reached
    KL_OUTPUT,    ///< log limit reached
    KL_RESULT,    ///< the result cannot cross: a kind, size, depth or number that is refused
    KL_HOST,      ///< too many host calls, or a host result beyond its limit
    KL_CANCELLED, ///< the host told the run to leave, for a reason that the host knows
    KL_DEPTH,     ///< too many runs inside runs
    KL_INTERNAL,  ///< a fault of the bridge; never of the script
} kl_verdict;

// MARK: Chunks

/// A compiled source file, immutable, shared by reference count.
typedef struct kl_chunk kl_chunk;

typedef struct kl_failure {
    int verdict;        ///< kl_verdict
    int line;           ///< 0 when unknown
    char file[256];     ///< chunk name without its mark
    char message[1024]; ///< one sentence, UTF-8
} kl_failure;

/// Compiles Lua text. `name` is shown in messages (`pos/routes/sales.lua@r412`); with `kernel` set, the chunk belongs to
/// the prelude and is skipped where errors are located.
/// NULL, with `failure` filled, for bytecode, more than 256 KiB, invalid UTF-8 or a syntax error.
kl_chunk *kl_compile(const uint8_t *source, size_t length, const char *name, bool kernel, kl_failure *failure);
void kl_chunk_retain(kl_chunk *chunk);
void kl_chunk_release(kl_chunk *chunk);
size_t kl_chunk_size(const kl_chunk *chunk);

/// One use of a global name in a chunk.
typedef struct kl_global_use {
    const char *name; ///< valid only during the call
    int line;
    bool write;
} kl_global_use;

/// Calls `visit` for each global that the chunk reads or writes by name, in the order of the code. False if the dump
/// could not be walked.
bool kl_chunk_globals(const kl_chunk *chunk, void (*visit)(void *context, kl_global_use use), void *context);

// MARK: Programs

typedef struct kl_host_function {
    const char *module;
    const char *name;
    uint32_t id;
    bool exposed; ///< scripts see it as `module.name` unless the prelude installs its own `module`
} kl_host_function;

typedef struct kl_module {
    const char *name; ///< as `require` knows it
    kl_chunk *chunk;
} kl_module;

/// What all programs of one kind stand on: host functions and the prelude.
typedef struct kl_base kl_base;
/// One entry module and the modules that it may require, on a base. Immutable.
typedef struct kl_program kl_program;

/// Everything is copied or retained. The prelude chunks run in order, each called with the table `kernel`.
kl_base *kl_base_new(const kl_host_function *functions, size_t function_count, const kl_module *prelude, size_t prelude_count);
void kl_base_release(kl_base *base);

/// `entry` must be among the modules. NULL otherwise. Everything is copied or retained, the base too.
kl_program *kl_program_new(kl_base *base, const kl_module *modules, size_t module_count, const char *entry);
void kl_program_release(kl_program *program);

// MARK: Runs

typedef struct kl_limits {
    uint64_t steps;             ///< VM instructions and charges
    uint64_t cpu_nanoseconds;   ///< CPU time of the thread
    uint64_t wall_nanoseconds;  ///< wall time, host calls included
    uint64_t memory;            ///< live bytes beyond those of the loaded program
    uint32_t host_calls;
    uint32_t log_bytes;
    uint32_t result_bytes;      ///< of the result, of one host call's arguments, and of one host call's results
    uint32_t nodes;             ///< values in one result or one argument list
} kl_limits;

typedef struct kl_usage {
    uint64_t steps;
    uint64_t nanoseconds; ///< wall time
    uint64_t cpu_nanoseconds; ///< CPU time of the thread, host calls included; of short runs their wall time at most
    uint64_t memory;      ///< peak of live bytes beyond those of the loaded program
    uint32_t host_calls;
    uint32_t log_bytes;
    bool built;           ///< the program had to be loaded for this run
} kl_usage;

/// Returned by the host callback.
enum {
    KL_HOST_OK = 0,    ///< the results are in the buffer, one flat value after the other
    KL_HOST_RAISE = 1, ///< the buffer holds one flat value, which is raised as a Lua error
    KL_HOST_LEAVE = 2, ///< the run ends here; nothing in the script can catch it
};

/// Called for each host function. Must not call Lua of the same run. `arguments` are flat values one after the other.
typedef int (*kl_host_callback)(
    void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results);

enum {
    KL_CALL = 0,     ///< call the function at `path` with the arguments
    KL_EACH = 1,     ///< the argument is one array of argument lists; the result is the array of first results
    KL_DESCRIBE = 2, ///< no call: the value at `path`, functions as KL_TAG_FUNCTION
};

/// A place to run: one per thread and depth. Made on demand, kept until the thread ends.
typedef struct kl_slot kl_slot;

/// What a run left behind, valid until `kl_exit`.
typedef struct kl_report {
    int verdict;             ///< kl_verdict
    kl_usage usage;
    bool from_host;          ///< the uncaught error is the value that the last failing host call raised
    bool during_load;        ///< the program itself did not load
    int line;                ///< where, 0 when unknown
    const char *file;        ///< where, "" when unknown
    const char *message;     ///< one sentence, at most 4 KB
    const char *stack;       ///< one line per frame, at most 4 KB
    const uint8_t *result;   ///< flat values one after the other
    size_t result_length;
    const uint8_t *value;    ///< the raised error value when it was a table, flat; else length 0
    size_t value_length;
    const uint8_t *log;      ///< what `print` wrote, lines end with \n
    size_t log_length;
} kl_report;

typedef struct kl_request {
    const kl_program *program;
    const char *invoker; ///< a function that the prelude registered, called with the function at `path` first; or NULL
    const char *path;    ///< dotted, into the entry module's value; "" is that value itself
    int mode;
    kl_limits limits;
    uint64_t seed;
    kl_host_callback call;
    void *context;
} kl_request;

/// Takes the next slot of this thread; NULL when runs are nested deeper than 8 or less than 768 KiB of stack remain.
/// Write the arguments into `kl_arguments`, then call `kl_run` once or more, then `kl_exit`.
kl_slot *kl_enter(void);
kl_buffer *kl_arguments(kl_slot *slot);
void kl_run(kl_slot *slot, const kl_request *request, kl_report *report);
void kl_exit(kl_slot *slot);

/// What the running script of this thread has left; zeros outside of a run.
kl_limits kl_remaining(void);
/// Whether a script of this thread runs, and an error now would end it and all runs around it.
bool kl_is_unguarded(void);
/// Takes steps from the running script's budget, for work the host did on its behalf. Never leaves by itself.
void kl_charge_host(uint64_t steps);
/// Where the running script of this thread is: the innermost line outside the prelude. 0 and "" when unknown.
int kl_location(char *file, size_t size);

// MARK: Self-checks

/// Walks everything that a bare script can reach, one line per value ("string.format function"), sorted.
/// Returns the text in `out`; the caller frees `out->bytes`.
bool kl_reachable(kl_buffer *out);
/// Compares `kl_reachable` with the list compiled into the bridge. Cheap; call it at process start.
bool kl_self_check(void);

/// Bytes of images kept by this thread, and how many.
void kl_image_statistics(size_t *bytes, size_t *count, size_t *largest);
/// Forgets all images of this thread.
void kl_drop_images(void);
