// Bases and programs: immutable descriptions, shared by reference count. States are built from them on demand.
#include "lua_internal.h"

#include <stdlib.h>

static uint64_t next_id(void) {
    static atomic_uint_fast64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static void free_modules(kl_module *modules, size_t count) {
    for (size_t i = 0; modules && i < count; i++) {
        free((char *)modules[i].name);
        kl_chunk_release(modules[i].chunk);
    }
    free(modules);
}

static kl_module *copy_modules(const kl_module *modules, size_t count) {
    kl_module *copies = calloc(count + 1, sizeof *copies);
    for (size_t i = 0; copies && i < count; i++) {
        char *name = strdup(modules[i].name);
        if (!name) {
            free_modules(copies, i);
            return NULL;
        }
        kl_chunk_retain(modules[i].chunk);
        copies[i] = (kl_module){name, modules[i].chunk};
    }
    return copies;
}

kl_base *kl_base_new(
    const kl_host_function *functions, size_t function_count, const kl_module *prelude, size_t prelude_count) {
    kl_base *base = calloc(1, sizeof *base);
    if (!base) return NULL;
    atomic_init(&base->references, 1);
    base->id = next_id();
    base->functions = calloc(function_count + 1, sizeof *base->functions);
    base->prelude = copy_modules(prelude, prelude_count);
    base->prelude_count = prelude_count;
    bool whole = true;
    for (size_t i = 0; base->functions && i < function_count; i++) {
        kl_host_function f = functions[i];
        f.module = strdup(f.module);
        f.name = strdup(f.name);
        base->functions[i] = f;
        base->function_count = i + 1;
        whole = whole && f.module && f.name;
    }
    if (whole && base->functions && base->prelude) return base;
    kl_base_release(base);
    return NULL;
}

void kl_base_release(kl_base *base) {
    if (!base || atomic_fetch_sub_explicit(&base->references, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < base->function_count; i++) {
        free((char *)base->functions[i].module);
        free((char *)base->functions[i].name);
    }
    free(base->functions);
    free_modules(base->prelude, base->prelude_count);
    free(base);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const kl_module *)a)->name, ((const kl_module *)b)->name);
}

const kl_module *kl_program_module(const kl_program *program, const char *name) {
    kl_module wanted = {.name = name};
    return bsearch(&wanted, program->modules, program->module_count, sizeof wanted, by_name);
}

kl_program *kl_program_new(kl_base *base, const kl_module *modules, size_t module_count, const char *entry) {
    kl_program *program = calloc(1, sizeof *program);
    kl_module *copies = copy_modules(modules, module_count);
    if (!program || !copies) {
        free(program);
        free_modules(copies, module_count);
        return NULL;
    }
    qsort(copies, module_count, sizeof *copies, by_name);
    atomic_init(&program->references, 1);
    program->id = next_id();
    program->modules = copies;
    program->module_count = module_count;
    const kl_module *found = kl_program_module(program, entry);
    if (!found) {
        free_modules(copies, module_count);
        free(program);
        return NULL;
    }
    program->entry = (size_t)(found - copies);
    atomic_fetch_add_explicit(&base->references, 1, memory_order_relaxed);
    program->base = base;
    return program;
}

void kl_program_release(kl_program *program) {
    if (!program || atomic_fetch_sub_explicit(&program->references, 1, memory_order_acq_rel) != 1) return;
    free_modules(program->modules, program->module_count);
    kl_base_release(program->base);
    free(program);
}
