#pragma once
// Shared by the http_*.c files only.
#include "include/CBridgeHTTP.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define SECOND 1000000000ull

#define KH_FIELDS_MAX 100         // header fields of one request
#define KH_DISCARD_MAX 65536      // bytes of a refused body that are read to keep the connection
#define KH_LINGER_MAX 32          // refused uploads that are read to their end at a time
#define KH_OVERRUN_MAX (1 << 20)  // bytes beyond the limit that a chunked body may have and still get its 413

typedef struct {
  kh_text name;  // lower case
  kh_text value; // without surrounding blanks
} kh_field;

typedef struct {
  int status;
  const char *code;
  const char *title;
  const char *detail;
} kh_refusal;

enum { KH_RUNNING, KH_SUSPENDED, KH_DONE }; // kh_request.phase

/// One open connection. Lives from STARTED to CLOSED; the registry's lock guards its membership and thereby its socket:
/// the library closes the socket only after CLOSED, so whoever holds the lock and finds it may shut it down.
typedef struct kh_connection {
  struct kh_connection *next, *previous;
  kh_server *server;
  int socket;
  bool local, tls;
  char peer[INET6_ADDRSTRLEN + 2];
  uint8_t peer_count;
  bool kept_alive;               // has served a request
  bool linger;                   // answered while the client may still be sending
  _Atomic uint64_t deadline;     // monotonic nanoseconds; 0: none
  _Atomic int state;             // KH_IDLE …, set by its own thread; for those who count
  uint64_t waiting_since;
  // The target as sent, from the library's first callback to the gate; then reused by the next request.
  char *target;
  size_t target_count, target_capacity;
  const char *target_address;    // where the library keeps it, for the layout check
  pthread_mutex_t lock;          // guards `suspended`
  kh_request *suspended;         // the request that waits for an answer from another thread
} kh_connection;

struct kh_request {
  _Atomic int references;
  _Atomic int answered;          // who sets it first may set `response`
  _Atomic int phase;
  struct MHD_Connection *mhd;    // not touched after KH_DONE
  kh_connection *connection;
  kh_server *server;
  struct MHD_Response *response;
  kh_shared *shared;             // holds `response`, when it is one
  int status;
  uint64_t response_bytes;
  void *app;
  // Body.
  char *body;
  size_t body_count, body_capacity;
  uint64_t body_seen;
  int64_t body_limit;
  bool chunked, expects_continue, discard, over, handled, streamed;
  kh_refusal refusal;
  kh_head head;
  char id[64];
  uint8_t id_count;
  char peer[INET6_ADDRSTRLEN + 2];
  uint32_t field_count;
  kh_field *fields;
  char text[];
};

struct kh_shared {
  _Atomic int references;
  struct MHD_Response *response;
  int status;
  uint64_t bytes;
};

/// The rest of a connection whose upload was refused.
typedef struct {
  int socket;
  uint64_t until;  // nanoseconds
} kh_lingerer;

typedef struct kh_daemon {
  kh_server *server;
  struct MHD_Daemon *mhd;
  int socket;
  bool tls, local;
  char path[108];
} kh_daemon;

struct kh_server {
  _Atomic int references;        // the owner's, and one for each stream
  kh_callbacks callbacks;
  kh_options options;
  char *certificate, *key;
  kh_daemon daemons[8];
  int daemon_count;
  pthread_mutex_t registry;
  kh_connection *connections;
  kh_stream *streams;
  pthread_t housekeeper;
  bool housekeeper_started;
  pthread_mutex_t stop_lock;
  pthread_cond_t stop_signal;
  bool stopping;                 // ends the housekeeper; under stop_lock
  _Atomic bool draining;         // answers close their connection
  _Atomic bool refusing;         // no request is handed on
  _Atomic int64_t connection_count, in_flight, stream_count;
  _Atomic int64_t suspended;     // connections suspended, or not yet wholly resumed: none may be left at the end
  _Atomic uint64_t refused, deadlines;
  kh_lingerer lingering[KH_LINGER_MAX]; // under the registry's lock
  int lingering_count;
};

struct kh_stream {
  kh_stream *next, *previous;    // registry of the server
  _Atomic int references;
  kh_server *server;
  struct MHD_Connection *mhd;
  int socket;
  bool listed;                   // under the registry's lock
  pthread_mutex_t lock;
  pthread_cond_t room;
  char *ring;
  size_t capacity, start, count;
  bool suspended, closed, aborted, gone;
  uint64_t keep_alive, last_write; // nanoseconds
  kh_stream_closed on_closed;
  void *context;
};

// Called by the library.
void kh_connection_changed(
    void *context, struct MHD_Connection *mhd, void **socket_context, enum MHD_ConnectionNotificationCode code);
void *kh_target_arrived(void *context, const char *target, struct MHD_Connection *mhd);
enum MHD_Result kh_access(
    void *context, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
    const char *bytes, size_t *count, void **state);
void kh_request_completed(
    void *context, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode why);

/// 503, if nothing else has been answered.
void kh_answer_stopping(kh_request *request);
void kh_server_release(kh_server *server);
void kh_suspend(kh_server *server, struct MHD_Connection *mhd);
/// By whoever has won the right to, once for each kh_suspend. The server may be gone afterwards.
void kh_resume(kh_server *server, struct MHD_Connection *mhd);
uint64_t kh_now(void);
bool kh_utf8(const char *bytes, size_t count);
bool kh_is_token(unsigned char c);
static inline char kh_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }
/// What is wrong with a request target, or NULL.
const char *kh_check_target(const char *target, size_t count);
/// Decodes the path of a checked target once; what is wrong with it, or NULL.
const char *kh_decode_path(const char *target, size_t count, char *out, size_t *out_count);
bool kh_query_is_utf8(const char *bytes, size_t count);
/// Lower-cases the host into `out` and drops the port. False if it is not a name, an IPv4 or a bracketed IPv6 address.
bool kh_parse_host(kh_text value, char *out, size_t *out_count);
extern _Atomic int64_t kh_live; // requests in memory
/// Checks the head of a request and copies it. NULL only without memory; `refusal.status` is 0 when it passed.
kh_request *kh_gate(
    kh_connection *connection, struct MHD_Connection *mhd, const char *method, const char *version,
    const kh_options *options);
void kh_refuse(kh_request *request, int status, const char *code, const char *title, const char *detail);
struct MHD_Response *kh_refusal_response(const kh_request *request, uint64_t *bytes);
void kh_streams_tick(kh_server *server, uint64_t now);
void kh_streams_end(kh_server *server, bool all);
