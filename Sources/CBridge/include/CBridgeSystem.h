#pragma once

/// Names the calling thread for `top` and debuggers; the system keeps 15 bytes of it.
void kontor_thread_name(const char *name);

/// Gives memory that was freed back to the system. Takes milliseconds; not while something waits for it.
void kontor_trim_memory(void);
