#pragma once

/// Names the calling thread for `top` and debuggers; the system keeps 15 bytes of it.
void kontor_thread_name(const char *name);
