/*
 * Notes what a process asks of the disk for its database: every write with its bytes, and when each sync began and
 * ended. Loaded in front of the C library (LD_PRELOAD); nothing is changed, refused or delayed, but for each n-th sync
 * of the write-ahead log where LANDLINE_DISK_FAILS says so: that one fails, as it does on a bad disk. `disk-log.ts`
 * reads the notes and works out what a disk may hold after a power cut at any moment.
 *
 * A note: kind (1 byte), length of the path (1), zero (2), length of the data (4), time in ns (8), offset (8), path,
 * data. Kinds: L a process begins, C made, W write, T cut to `offset` bytes, B sync begins, S sync has ended well, F it has not,
 * U removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096
static char *paths[FILES];
static int notes = -1;
static int fails;
static int syncs;
static const char *dir;
static size_t dirLength;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The folder itself as "", files of the database by what follows its slash; NULL for all else. */
static const char *ours(const char *path) {
  if (notes < 0 || path == NULL || strncmp(path, dir, dirLength) != 0) return NULL;
  if (path[dirLength] == 0) return path + dirLength;
  if (path[dirLength] != '/') return NULL;
  const char *name = path + dirLength + 1;
  if (strncmp(name, "landline.db", 11) != 0 || strstr(name, "-shm") != NULL) return NULL;
  return name;
}

static void note(char kind, const char *name, const void *data, uint32_t length, uint64_t offset);

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("LANDLINE_DISK_LOG");
  dir = getenv("LANDLINE_DISK_DIR");
  if (file == NULL || dir == NULL) return;
  const char *each = getenv("LANDLINE_DISK_FAILS");
  fails = each == NULL ? 0 : atoi(each);
  dirLength = strlen(dir);
  notes = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  note('L', "", NULL, 0, 0);
}

static void note(char kind, const char *name, const void *data, uint32_t length, uint64_t offset) {
  int kept = errno;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  unsigned char head[24] = {(unsigned char)kind, (unsigned char)strlen(name), 0, 0};
  memcpy(head + 4, &length, 4);
  memcpy(head + 8, &ns, 8);
  memcpy(head + 16, &offset, 8);
  struct iovec parts[3] = {{head, 24}, {(void *)name, strlen(name)}, {(void *)data, length}};
  pthread_mutex_lock(&lock);
  syscall(SYS_writev, notes, parts, 3);
  pthread_mutex_unlock(&lock);
  errno = kept;
}

static const char *nameOf(int file) { return file >= 0 && file < FILES ? paths[file] : NULL; }

static int opened(int at, const char *path, int flags, mode_t mode) {
  const char *name = at == AT_FDCWD || (path != NULL && path[0] == '/') ? ours(path) : NULL;
  int isNew = name != NULL && (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  int file = (int)syscall(SYS_openat, at, path, flags, mode);
  if (file < 0) return file;
  if (file < FILES) {
    free(paths[file]);
    paths[file] = name == NULL ? NULL : strdup(name);
  }
  if (isNew) note('C', name, NULL, 0, 0);
  if (name != NULL && (flags & O_TRUNC) != 0) note('T', name, NULL, 0, 0);
  return file;
}

#define MODE \
  mode_t mode = 0; \
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return opened(at, path, flags, mode); }

int close(int file) {
  if (file >= 0 && file < FILES && paths[file] != NULL) {
    free(paths[file]);
    paths[file] = NULL;
  }
  return (int)syscall(SYS_close, file);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
  const char *name = nameOf(file);
  /* Noted first: a process that is killed in between has written what it never did, which is one more thing not synced. */
  if (name != NULL) note('W', name, data, (uint32_t)length, (uint64_t)offset);
  return (ssize_t)syscall(SYS_pwrite64, file, data, length, offset);
}
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  return pwrite(file, data, length, (off_t)offset);
}

int ftruncate(int file, off_t length) {
  const char *name = nameOf(file);
  if (name != NULL) note('T', name, NULL, 0, (uint64_t)length);
  return (int)syscall(SYS_ftruncate, file, length);
}
int ftruncate64(int file, off64_t length) { return ftruncate(file, (off_t)length); }

static int synced(long call, int file) {
  const char *name = nameOf(file);
  if (name == NULL) return (int)syscall(call, file);
  note('B', name, NULL, 0, 0);
  if (fails > 0 && strstr(name, "-wal") != NULL && __sync_add_and_fetch(&syncs, 1) % fails == 0) {
    note('F', name, NULL, 0, 0);
    errno = EIO;
    return -1;
  }
  int result = (int)syscall(call, file);
  note(result == 0 ? 'S' : 'F', name, NULL, 0, 0);
  return result;
}
int fsync(int file) { return synced(SYS_fsync, file); }
int fdatasync(int file) { return synced(SYS_fdatasync, file); }

int unlink(const char *path) {
  const char *name = ours(path);
  int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (result == 0 && name != NULL) note('U', name, NULL, 0, 0);
  return result;
}
