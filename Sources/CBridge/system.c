#define _GNU_SOURCE
#include "CBridgeSystem.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>

void kontor_thread_name(const char *name) {
    char short_name[16] = {0};
    strncpy(short_name, name, sizeof short_name - 1);
    pthread_setname_np(pthread_self(), short_name);
}

void kontor_trim_memory(void) { malloc_trim(0); }
