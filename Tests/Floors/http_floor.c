// The floor under one HTTP answer: libmicrohttpd alone, epoll, two threads, a constant body.
//
// cc -O2 -Wall -Wextra http_floor.c -o http_floor -lmicrohttpd
// ./http_floor [PORT] [SECONDS]    port 0, the default, takes a free one and prints it; SECONDS 0, the default: until killed
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum MHD_Result answer(
    void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *data, size_t *count, void **state) {
  (void)context, (void)url, (void)method, (void)version, (void)data;
  static char seen;
  if (!*state) { // on the first call an answer would close the connection
    *state = &seen;
    return MHD_YES;
  }
  if (*count) {
    *count = 0;
    return MHD_YES;
  }
  static char body[] = "{\"status\":\"ok\",\"tenant_id\":15,\"name\":\"ACME Trading Company\"}";
  struct MHD_Response *response = MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return result;
}

int main(int argc, char **argv) {
  int port = argc > 1 ? atoi(argv[1]) : 0, seconds = argc > 2 ? atoi(argv[2]) : 0;
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, (uint16_t)port, NULL, NULL, answer, NULL,
      MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
  if (!daemon) return 1;
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  printf("port %d\n", info ? info->port : port);
  fflush(stdout);
  if (seconds) sleep((unsigned)seconds);
  else pause();
  MHD_stop_daemon(daemon);
  return 0;
}
