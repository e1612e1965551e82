#include "CBridgeSQLiteFault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A file as the disk has it: the bytes that were flushed, and what was done since.

struct change {
    struct change *next;
    int64_t offset;  // the new size, for a truncation
    int64_t length;  // -1: a truncation
    unsigned char bytes[];
};

struct image {
    struct image *next;
    char *path;
    unsigned char *bytes;
    int64_t size, capacity;
    struct change *first, **last;
    int is_unnamed;         // made since the folder was last flushed
    unsigned char *removed; // its flushed bytes when it was removed since the folder was last flushed; NULL: it was not
    int64_t removed_size;
};

struct plan {
    int kinds, code, for_good;
    char suffix[32];
    int64_t left;  // 0: none
};

struct kontor_fault {
    struct kontor_fault *next;
    char *folder;
    struct image *images;
    struct plan failure, cut;
    int is_cut, is_released, open_files;
    int64_t counts[8], hits;
};

struct file {
    sqlite3_file base;
    kontor_fault *fault;   // NULL: a file of nobody's, such as a temporary one
    struct image *image;   // NULL: the same, or shared memory
    const char *name;
    int is_journal;
    sqlite3_file *real;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static kontor_fault *faults;
static sqlite3_vfs *real_vfs;

// MARK: Images; called under the lock

static void drop_changes(struct image *image) {
    while (image->first) {
        struct change *change = image->first;
        image->first = change->next;
        free(change);
    }
    image->last = &image->first;
}

static int resize(struct image *image, int64_t size) {
    if (size > image->capacity) {
        int64_t capacity = size * 2;
        unsigned char *bytes = realloc(image->bytes, (size_t)capacity);
        if (!bytes) return -1;
        image->bytes = bytes;
        image->capacity = capacity;
    }
    if (size > image->size) memset(image->bytes + image->size, 0, (size_t)(size - image->size));
    image->size = size;
    return 0;
}

static int put(struct image *image, int64_t offset, const unsigned char *bytes, int64_t length) {
    if (offset + length > image->size && resize(image, offset + length) != 0) return -1;
    memcpy(image->bytes + offset, bytes, (size_t)length);
    return 0;
}

static int apply(struct image *image, const struct change *change) {
    if (change->length < 0) return resize(image, change->offset);
    return put(image, change->offset, change->bytes, change->length);
}

static int flush_image(struct image *image) {
    int result = 0;
    for (struct change *change = image->first; change; change = change->next)
        if (apply(image, change) != 0) result = -1;
    drop_changes(image);
    return result;
}

static int note_change(struct image *image, int64_t offset, const void *bytes, int64_t length) {
    struct change *change = malloc(sizeof *change + (size_t)(length > 0 ? length : 0));
    if (!change) return -1;
    change->next = NULL;
    change->offset = offset;
    change->length = length;
    if (length > 0) memcpy(change->bytes, bytes, (size_t)length);
    *image->last = change;
    image->last = &change->next;
    return 0;
}

static void free_image(struct image *image) {
    drop_changes(image);
    free(image->removed);
    free(image->bytes);
    free(image->path);
    free(image);
}

static int load(struct image *image) {
    int file = open(image->path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? 0 : -1;
    struct stat status;
    int result = fstat(file, &status);
    if (result == 0) result = resize(image, status.st_size);
    for (int64_t done = 0; result == 0 && done < image->size;) {
        ssize_t count = pread(file, image->bytes + done, (size_t)(image->size - done), done);
        if (count <= 0) result = -1;
        else done += count;
    }
    close(file);
    return result;
}

/// What is in the file when it is first seen counts as flushed.
static struct image *image_of(kontor_fault *fault, const char *path) {
    for (struct image *image = fault->images; image; image = image->next)
        if (strcmp(image->path, path) == 0) return image;
    struct image *image = calloc(1, sizeof *image);
    if (!image) return NULL;
    image->last = &image->first;
    image->path = strdup(path);
    if (!image->path || load(image) != 0) {
        free_image(image);
        return NULL;
    }
    image->next = fault->images;
    fault->images = image;
    return image;
}

/// A file of this path was removed. Its image is kept, empty: an open file may still point to it.
static int forget(kontor_fault *fault, const char *path) {
    for (struct image *image = fault->images; image; image = image->next) {
        if (strcmp(image->path, path) != 0) continue;
        if (!image->is_unnamed && !image->removed) {
            image->removed = malloc((size_t)image->size + 1);
            if (!image->removed) return -1;
            if (image->size > 0) memcpy(image->removed, image->bytes, (size_t)image->size);
            image->removed_size = image->size;
        }
        drop_changes(image);
        image->size = 0;
    }
    return 0;
}

/// The names in the folder are on the disk.
static void flush_folder(kontor_fault *fault) {
    for (struct image *image = fault->images; image; image = image->next) {
        image->is_unnamed = 0;
        free(image->removed);
        image->removed = NULL;
    }
}

// MARK: Plans

static int is_due(struct plan *plan, int kind, const char *name) {
    if (plan->left == 0 || !(plan->kinds & kind)) return 0;
    size_t length = strlen(name), suffix = strlen(plan->suffix);
    if (length < suffix || strcmp(name + length - suffix, plan->suffix) != 0) return 0;
    if (plan->left > 1) {
        plan->left--;
        return 0;
    }
    if (!plan->for_good) plan->left = 0;
    return 1;
}

/// Called under the lock. The result code that the operation has to fail with, or SQLITE_OK.
static int judge(kontor_fault *fault, int kind, const char *name, int cut_code) {
    fault->counts[__builtin_ctz((unsigned)kind)]++;
    if (!fault->is_cut && is_due(&fault->cut, kind, name)) fault->is_cut = 1;
    if (fault->is_cut) {
        fault->hits++;
        return cut_code;
    }
    if (is_due(&fault->failure, kind, name)) {
        fault->hits++;
        return fault->failure.code;
    }
    return SQLITE_OK;
}

static int judge_file(struct file *file, int kind, int cut_code) {
    if (!file->fault) return SQLITE_OK;
    pthread_mutex_lock(&lock);
    int code = judge(file->fault, kind, file->name, cut_code);
    pthread_mutex_unlock(&lock);
    return code;
}

// MARK: Files

/// Called under the lock, when nobody watches and no file is open any more.
static void free_fault(kontor_fault *fault) {
    while (fault->images) {
        struct image *image = fault->images;
        fault->images = image->next;
        free_image(image);
    }
    free(fault->folder);
    free(fault);
}

static int file_close(sqlite3_file *f) {
    struct file *file = (struct file *)f;
    int code = file->real->pMethods ? file->real->pMethods->xClose(file->real) : SQLITE_OK;
    if (file->fault) {
        pthread_mutex_lock(&lock);
        if (--file->fault->open_files == 0 && file->fault->is_released) free_fault(file->fault);
        pthread_mutex_unlock(&lock);
    }
    return code;
}

static int file_read(sqlite3_file *f, void *bytes, int count, sqlite3_int64 offset) {
    struct file *file = (struct file *)f;
    int code = judge_file(file, KONTOR_FAULT_READ, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code : file->real->pMethods->xRead(file->real, bytes, count, offset);
}

static int file_write(sqlite3_file *f, const void *bytes, int count, sqlite3_int64 offset) {
    struct file *file = (struct file *)f;
    int code = judge_file(file, KONTOR_FAULT_WRITE, SQLITE_IOERR_WRITE);
    if (code != SQLITE_OK) return code;
    code = file->real->pMethods->xWrite(file->real, bytes, count, offset);
    if (code == SQLITE_OK && file->image) {
        pthread_mutex_lock(&lock);
        if (note_change(file->image, offset, bytes, count) != 0) code = SQLITE_IOERR_NOMEM;
        pthread_mutex_unlock(&lock);
    }
    return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    struct file *file = (struct file *)f;
    int code = judge_file(file, KONTOR_FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK) return code;
    code = file->real->pMethods->xTruncate(file->real, size);
    if (code == SQLITE_OK && file->image) {
        pthread_mutex_lock(&lock);
        if (note_change(file->image, size, NULL, -1) != 0) code = SQLITE_IOERR_NOMEM;
        pthread_mutex_unlock(&lock);
    }
    return code;
}

static int file_sync(sqlite3_file *f, int flags) {
    struct file *file = (struct file *)f;
    if (!file->fault) return file->real->pMethods->xSync(file->real, flags);
    pthread_mutex_lock(&lock);
    int code = judge(file->fault, KONTOR_FAULT_SYNC, file->name, SQLITE_IOERR_FSYNC);
    if (file->image) {
        // The kernel marks pages clean that it could not write: what failed to be flushed once is never flushed again.
        if (code != SQLITE_OK) {
            if (!file->fault->is_cut) drop_changes(file->image);
        } else if (flush_image(file->image) != 0) {
            code = SQLITE_IOERR_NOMEM;
        } else if (file->image->is_unnamed && file->is_journal) {
            flush_folder(file->fault);  // as SQLite does with the first flush of a journal or log
        }
    }
    pthread_mutex_unlock(&lock);
    // The tests simulate the disk, so the real one need not be waited for.
    return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xFileSize(file->real, size);
}

static int file_lock(sqlite3_file *f, int level) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xLock(file->real, level);
}

static int file_unlock(sqlite3_file *f, int level) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xUnlock(file->real, level);
}

static int file_check_lock(sqlite3_file *f, int *result) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xCheckReservedLock(file->real, result);
}

static int file_control(sqlite3_file *f, int operation, void *argument) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xFileControl(file->real, operation, argument);
}

static int file_sector(sqlite3_file *f) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xSectorSize(file->real);
}

/// Without the promise that a write beside another leaves that alone: the simulation does keep it, but so does a WAL.
static int file_characteristics(sqlite3_file *f) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xDeviceCharacteristics(file->real);
}

static int shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **memory) {
    struct file *file = (struct file *)f;
    int code = judge_file(file, KONTOR_FAULT_SHARED_MEMORY, SQLITE_IOERR_SHMMAP);
    return code != SQLITE_OK ? code : file->real->pMethods->xShmMap(file->real, region, size, extend, memory);
}

static int shm_lock(sqlite3_file *f, int offset, int count, int flags) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xShmLock(file->real, offset, count, flags);
}

static void shm_barrier(sqlite3_file *f) {
    struct file *file = (struct file *)f;
    file->real->pMethods->xShmBarrier(file->real);
}

static int shm_unmap(sqlite3_file *f, int remove) {
    struct file *file = (struct file *)f;
    return file->real->pMethods->xShmUnmap(file->real, remove);
}

// Version 2: no memory mapping of the database itself.
static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock,
    file_check_lock, file_control, file_sector, file_characteristics, shm_map, shm_lock, shm_barrier, shm_unmap,
    NULL, NULL,
};

// MARK: The VFS

/// Called under the lock.
static kontor_fault *fault_for(const char *path) {
    if (!path) return NULL;
    for (kontor_fault *fault = faults; fault; fault = fault->next)
        if (strncmp(path, fault->folder, strlen(fault->folder)) == 0) return fault;
    return NULL;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *given) {
    (void)vfs;
    struct file *file = (struct file *)f;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    pthread_mutex_lock(&lock);
    kontor_fault *fault = fault_for(path);
    int code = fault ? judge(fault, KONTOR_FAULT_OPEN, path, SQLITE_CANTOPEN) : SQLITE_OK;
    pthread_mutex_unlock(&lock);
    if (code != SQLITE_OK) return code;
    memset(file->real, 0, (size_t)real_vfs->szOsFile);
    int existed = path && access(path, F_OK) == 0;
    code = real_vfs->xOpen(real_vfs, path, file->real, flags, given);
    if (file->real->pMethods) file->base.pMethods = &methods;
    if (code == SQLITE_OK && fault) {
        pthread_mutex_lock(&lock);
        file->fault = fault;
        fault->open_files++;
        file->image = image_of(fault, path);
        file->name = file->image ? file->image->path : path;
        file->is_journal = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
        if (file->image && !existed) file->image->is_unnamed = 1;
        pthread_mutex_unlock(&lock);
        if (!file->image) code = SQLITE_CANTOPEN;
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder) {
    (void)vfs;
    pthread_mutex_lock(&lock);
    kontor_fault *fault = fault_for(path);
    int code = fault ? judge(fault, KONTOR_FAULT_DELETE, path, SQLITE_IOERR_DELETE) : SQLITE_OK;
    pthread_mutex_unlock(&lock);
    if (code != SQLITE_OK) return code;
    code = real_vfs->xDelete(real_vfs, path, sync_folder);
    if (code == SQLITE_OK && fault) {
        pthread_mutex_lock(&lock);
        if (forget(fault, path) != 0) code = SQLITE_IOERR_NOMEM;
        if (sync_folder) flush_folder(fault);
        pthread_mutex_unlock(&lock);
    }
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    return real_vfs->xAccess(real_vfs, path, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *full) {
    (void)vfs;
    return real_vfs->xFullPathname(real_vfs, path, size, full);
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    (void)vfs;
    return real_vfs->xRandomness(real_vfs, count, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return real_vfs->xSleep(real_vfs, microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *time) {
    (void)vfs;
    return real_vfs->xCurrentTime(real_vfs, time);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text) {
    (void)vfs;
    return real_vfs->xGetLastError(real_vfs, size, text);
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *time) {
    (void)vfs;
    return real_vfs->xCurrentTimeInt64(real_vfs, time);
}

static sqlite3_vfs fault_vfs = {
    .iVersion = 2, .zName = KONTOR_FAULT_VFS, .xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access,
    .xFullPathname = vfs_full_path, .xRandomness = vfs_randomness, .xSleep = vfs_sleep, .xCurrentTime = vfs_time,
    .xGetLastError = vfs_last_error, .xCurrentTimeInt64 = vfs_time64,
};

// MARK: For the tests

int kontor_fault_register(void) {
    pthread_mutex_lock(&lock);
    int code = SQLITE_OK;
    if (!real_vfs) {
        real_vfs = sqlite3_vfs_find(NULL);
        fault_vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
        fault_vfs.mxPathname = real_vfs->mxPathname;
        code = sqlite3_vfs_register(&fault_vfs, 0);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

kontor_fault *kontor_fault_new(const char *folder) {
    kontor_fault *fault = calloc(1, sizeof *fault);
    if (!fault) return NULL;
    fault->folder = strdup(folder);
    if (!fault->folder) {
        free(fault);
        return NULL;
    }
    pthread_mutex_lock(&lock);
    fault->next = faults;
    faults = fault;
    pthread_mutex_unlock(&lock);
    return fault;
}

void kontor_fault_free(kontor_fault *fault) {
    pthread_mutex_lock(&lock);
    for (kontor_fault **place = &faults; *place; place = &(*place)->next) {
        if (*place == fault) {
            *place = fault->next;
            break;
        }
    }
    fault->is_released = 1;
    if (fault->open_files == 0) free_fault(fault);
    pthread_mutex_unlock(&lock);
}

static void set_plan(struct plan *plan, int kinds, const char *suffix, int64_t nth, int code, int for_good) {
    pthread_mutex_lock(&lock);
    plan->kinds = kinds;
    strncpy(plan->suffix, suffix, sizeof plan->suffix - 1);
    plan->suffix[sizeof plan->suffix - 1] = 0;
    plan->left = nth;
    plan->code = code;
    plan->for_good = for_good;
    pthread_mutex_unlock(&lock);
}

void kontor_fault_fail(kontor_fault *fault, int kinds, const char *suffix, int64_t nth, int code, int for_good) {
    set_plan(&fault->failure, kinds, suffix, nth, code, for_good);
}

void kontor_fault_cut(kontor_fault *fault, int kinds, const char *suffix, int64_t nth) {
    set_plan(&fault->cut, kinds, suffix, nth, 0, 0);
}

int64_t kontor_fault_count(const kontor_fault *fault, int kinds) {
    int64_t count = 0;
    pthread_mutex_lock(&lock);
    for (int bit = 0; bit < 8; bit++)
        if (kinds & (1 << bit)) count += fault->counts[bit];
    pthread_mutex_unlock(&lock);
    return count;
}

int64_t kontor_fault_hits(const kontor_fault *fault) {
    pthread_mutex_lock(&lock);
    int64_t hits = fault->hits;
    pthread_mutex_unlock(&lock);
    return hits;
}

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/// What a write has left of itself, sector by sector; `left` counts the sectors that get through in order.
static int settle_write(struct image *image, const struct change *change, int loss, int64_t *left, uint64_t *state) {
    for (int64_t start = 0; start < change->length; start += 512) {
        int64_t length = change->length - start < 512 ? change->length - start : 512;
        int is_there = loss == KONTOR_FAULT_LOSE_TAIL ? (*left)-- > 0 : (int)(next_random(state) & 1);
        if (is_there && put(image, change->offset + start, change->bytes + start, length) != 0) return -1;
    }
    return 0;
}

static int settle_change(struct image *image, const struct change *change, int loss, int64_t *left, uint64_t *state) {
    switch (loss) {
    case KONTOR_FAULT_LOSE_ALL: return 0;
    case KONTOR_FAULT_LOSE_BYTES:
        if (change->length < 0) return apply(image, change);
        return change->offset + change->length > image->size ? resize(image, change->offset + change->length) : 0;
    case KONTOR_FAULT_LOSE_TAIL:
        if (change->length < 0) return (*left)-- > 0 ? apply(image, change) : 0;
        return settle_write(image, change, loss, left, state);
    default:
        if (change->length < 0 || loss == KONTOR_FAULT_LOSE_SOME) return next_random(state) & 1 ? apply(image, change) : 0;
        return settle_write(image, change, loss, left, state);
    }
}

static int settle(struct image *image, int loss, int loses_names, uint64_t *state) {
    int64_t sectors = 0;
    for (struct change *change = image->first; change; change = change->next)
        sectors += change->length < 0 ? 1 : (change->length + 511) / 512;
    int64_t left = (int64_t)(next_random(state) % (uint64_t)(sectors + 1));
    for (struct change *change = image->first; change; change = change->next)
        if (settle_change(image, change, loss, &left, state) != 0) return -1;
    drop_changes(image);
    int is_there = access(image->path, F_OK) == 0;
    if (loses_names && image->removed) {
        if (resize(image, 0) != 0 || put(image, 0, image->removed, image->removed_size) != 0) return -1;
        is_there = 1;
    } else if (loses_names && image->is_unnamed) {
        image->size = 0;
        return is_there ? unlink(image->path) : 0;
    }
    if (!is_there) return 0;
    int file = open(image->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    int result = ftruncate(file, image->size);
    for (int64_t done = 0; result == 0 && done < image->size;) {
        ssize_t count = pwrite(file, image->bytes + done, (size_t)(image->size - done), done);
        if (count <= 0) result = -1;
        else done += count;
    }
    close(file);
    return result;
}

int kontor_fault_settle(kontor_fault *fault, int loss, int loses_names, uint64_t seed) {
    int result = 0;
    uint64_t state = seed;
    pthread_mutex_lock(&lock);
    for (struct image *image = fault->images; image && result == 0; image = image->next)
        result = settle(image, loss, loses_names, &state);
    flush_folder(fault);
    fault->is_cut = 0;
    fault->cut.left = 0;
    fault->failure.left = 0;
    pthread_mutex_unlock(&lock);
    return result;
}
