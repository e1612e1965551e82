#pragma once
// HTTP/1.1 on libmicrohttpd: the strict gate, the life of a request, streams, deadlines, graceful stop.
//
// Swift sees requests that have passed the gate, as self-contained copies: nothing in a kh_request points into the
// library's memory, so it may be read from any thread for as long as a reference is held. What is variadic, a macro, or
// must not be left to a callback's good manners (locks, suspend and resume) stays on this side.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kh_server kh_server;
typedef struct kh_request kh_request;
typedef struct kh_response kh_response;  // an MHD_Response
typedef struct kh_shared kh_shared;
typedef struct kh_stream kh_stream;

enum { KH_GET, KH_HEAD, KH_POST, KH_PUT, KH_PATCH, KH_DELETE, KH_OPTIONS, KH_OTHER };

/// Bytes that belong to a request; not terminated.
typedef struct {
  const char *_Nullable bytes;
  size_t count;
} kh_text;

enum { KH_HANDLE_NOW = -1, KH_ANSWERED = -2 };

typedef struct {
  void *_Nullable context;
  /// The head has passed the gate. Returns the largest body to read in bytes, KH_HANDLE_NOW, or KH_ANSWERED after
  /// kh_answer. Whatever it sets with kh_request_set_app is handed back until `finished`.
  int64_t (*_Nonnull head)(void *_Nullable context, kh_request *_Nonnull request);
  /// The whole request is there. Answer now or later, from any thread, exactly once.
  void (*_Nonnull handle)(void *_Nullable context, kh_request *_Nonnull request);
  /// The exchange is over (or broke: `completed` is false). Called once for each request that reached the gate.
  void (*_Nonnull finished)(
      void *_Nullable context, kh_request *_Nonnull request, int status, uint64_t bytes, uint64_t nanoseconds,
      bool completed);
  /// A line from the library about a connection, for the debug log.
  void (*_Nonnull message)(void *_Nullable context, const char *_Nonnull text);
} kh_callbacks;

typedef struct {
  int threads;                 // per TCP listener
  int connection_limit;        // per listener
  int connection_limit_per_address;
  int idle_timeout_seconds;    // no byte for this long
  int request_deadline_seconds; // head and body together
  int target_limit;            // bytes of the request target
  int header_limit;            // bytes of the whole head
  int memory_per_connection;   // bytes
  bool behind_tls;             // a proxy in front speaks TLS: answers say what goes with that
  const char *_Nullable certificate_pem;
  const char *_Nullable key_pem;
} kh_options;

// Server. All functions return 0 or an errno; `message` gets what a person needs to know.
kh_server *_Nullable kh_server_new(const kh_options *_Nonnull options, const kh_callbacks *_Nonnull callbacks);
/// Binds and serves on a numeric IPv4 or IPv6 address; `*port` 0 picks one and is set to it.
int kh_server_listen(
    kh_server *_Nonnull server, const char *_Nonnull address, uint16_t *_Nonnull port, bool tls,
    char *_Nonnull message, size_t message_size);
/// Serves on a Unix socket, mode 0600, replacing a stale file at `path`.
int kh_server_listen_local(
    kh_server *_Nonnull server, const char *_Nonnull path, char *_Nonnull message, size_t message_size);
/// Stops accepting, waits up to `drain_milliseconds` for requests in flight, answers the rest 503, ends all threads.
/// Returns the number of requests that had to be cut off.
int kh_server_stop(kh_server *_Nonnull server, int drain_milliseconds);
/// After kh_server_stop.
void kh_server_free(kh_server *_Nonnull server);
bool kh_server_draining(const kh_server *_Nonnull server);

typedef struct {
  int64_t connections;       // open now
  int64_t requests;          // in flight now
  int64_t streams;           // open now
  uint64_t refused;          // by the gate, ever
  uint64_t deadlines;        // connections cut off for taking too long, ever
} kh_counts;
kh_counts kh_server_counts(const kh_server *_Nonnull server);
/// What an open connection is doing: nothing between requests, head or body are coming, the answer is being made, it is
/// being sent, it is being sent bit by bit.
enum { KH_IDLE, KH_READING, KH_WORKING, KH_SENDING, KH_STREAMING, KH_STATES };
/// How many connections are in each state now; their sum is all that are open.
void kh_server_states(kh_server *_Nonnull server, int64_t counts[_Nonnull KH_STATES]);
/// Requests whose memory is still held, in the whole process. For tests of leaks.
int64_t kh_live_requests(void);
int64_t kh_live_streams(void);

// Request.
void kh_request_retain(kh_request *_Nonnull request);
void kh_request_release(kh_request *_Nonnull request);
void kh_request_set_app(kh_request *_Nonnull request, void *_Nullable app);
void *_Nullable kh_request_app(const kh_request *_Nonnull request);

typedef struct {
  kh_text target;   // as sent
  kh_text path;     // decoded once, UTF-8, no control bytes, no dot segments
  kh_text query;    // as sent, without the question mark
  kh_text host;     // lower case, without port; brackets kept around IPv6
  kh_text peer;     // numeric address, or "local"
  uint64_t received_at; // monotonic nanoseconds, when the head was complete
  int64_t content_length; // -1: chunked
  uint8_t method;
  bool local;
  bool tls;         // the browser's connection is, here or at a proxy in front
  bool refused;     // by the gate: path and host may be empty
} kh_head;
const kh_head *_Nonnull kh_request_head(const kh_request *_Nonnull request);
/// The value of a header, surrounding blanks removed; NULL bytes when absent. `name` is in lower case.
kh_text kh_request_header(const kh_request *_Nonnull request, const char *_Nonnull name, size_t count);
/// The same of the last field of that name: a proxy may add its own behind what the client sent.
kh_text kh_request_last_header(const kh_request *_Nonnull request, const char *_Nonnull name, size_t count);
kh_text kh_request_body(const kh_request *_Nonnull request);
bool kh_request_is_answered(const kh_request *_Nonnull request);
/// 32 lower-case hex digits, or what the client sent as X-Request-Id.
kh_text kh_request_id(const kh_request *_Nonnull request);
/// Puts one decoded query component (plus signs are blanks) into `out` (at least `count` bytes); its length. The gate
/// has seen to it that every escape is well formed.
size_t kh_decode_query(const char *_Nonnull bytes, size_t count, char *_Nonnull out);

// Response.
enum {
  KH_SECURE = 1,     // nosniff, no-referrer; under TLS that it stays so
  KH_NO_STORE = 2,   // Cache-Control: no-store
  KH_CLOSED = 4,     // a content policy under which nothing is loaded or framed
  KH_API = KH_SECURE | KH_NO_STORE | KH_CLOSED,
};
/// Copies the body.
kh_response *_Nullable kh_response_new(const void *_Nullable body, size_t count, int headers, bool tls);
/// For the response of a stream.
void kh_response_common_headers(kh_response *_Nonnull response, int headers, bool tls);
/// False if name or value cannot be sent (line breaks, empty).
bool kh_response_header(kh_response *_Nonnull response, const char *_Nonnull name, const char *_Nonnull value);
void kh_response_request_id(kh_response *_Nonnull response, const kh_request *_Nonnull request);
void kh_response_free(kh_response *_Nonnull response);
/// Answers from any thread; takes over the response, whether it is used or not. False if it was answered before.
bool kh_answer(kh_request *_Nonnull request, int status, kh_response *_Nonnull response, uint64_t bytes);
/// An answer made once and sent any number of times. Takes over the response; NULL (and freed) without memory.
kh_shared *_Nullable kh_shared_new(kh_response *_Nonnull response, int status, uint64_t bytes);
void kh_shared_release(kh_shared *_Nonnull shared);
bool kh_answer_shared(kh_request *_Nonnull request, kh_shared *_Nonnull shared);

// Streams: a body of unknown length, written from any thread through a bounded buffer.
typedef void (*kh_stream_closed)(void *_Nullable context);
/// NULL if the request was answered before, or without memory. Otherwise the request counts as answered: `*response` may
/// get more headers and must be sent with kh_stream_answer. `closed` is called once, when no more can be sent.
/// `keep_alive_seconds` > 0 sends an event-stream comment after that long a silence.
kh_stream *_Nullable kh_stream_new(
    kh_request *_Nonnull request, size_t capacity, int keep_alive_seconds, kh_stream_closed _Nullable closed,
    void *_Nullable context, kh_response *_Nullable *_Nonnull response);
void kh_stream_answer(kh_request *_Nonnull request, int status, kh_response *_Nonnull response);
/// Waits for room up to `wait_milliseconds` (0: not at all). False when it is closed, or had no room: it is then cut off.
bool kh_stream_write(
    kh_stream *_Nonnull stream, const void *_Nonnull bytes, size_t count, int wait_milliseconds);
/// What was written is still sent.
void kh_stream_close(kh_stream *_Nonnull stream);
/// The connection breaks, so that the client sees that the body is not whole.
void kh_stream_abort(kh_stream *_Nonnull stream);
bool kh_stream_is_open(kh_stream *_Nonnull stream);
void kh_stream_release(kh_stream *_Nonnull stream);

/// The bytes as a gzip file, best compression, no time stamp; to be freed. NULL without memory or above 4 GB.
void *_Nullable kh_gzip(const void *_Nonnull bytes, size_t count, size_t *_Nonnull out_count);
