// Arithmetic shared by decimals and money.
#pragma once

#include "lua_internal.h"

typedef __int128 wide;

enum { KL_MAX_SCALE = 18 };

extern const int64_t kl_powers[KL_MAX_SCALE + 1]; // of ten

/// Names in the order of `kl_rounding`.
typedef enum kl_rounding {
    KL_HALF_UP, KL_HALF_EVEN, KL_HALF_DOWN, KL_DOWN, KL_UP, KL_FLOOR, KL_CEILING,
} kl_rounding;

/// The rounding mode named at `index`. Raises when it is missing or unknown.
kl_rounding kl_check_rounding(lua_State *L, int index);
/// n / d rounded; d > 0. Exact in 128 bits.
wide kl_divide(wide n, wide d, kl_rounding mode);

/// A decimal or an integer at `index` as a decimal. Raises for floats and text, naming the remedy.
kl_decimal kl_check_decimal(lua_State *L, int index);
kl_money *kl_check_money(lua_State *L, int index);
/// Pushes value / 10^scale without trailing zeros. Raises when it does not fit.
int kl_push_wide(lua_State *L, wide value, int scale);
/// Parses "-12.50". False unless it is digits with at most one point and fits.
bool kl_parse_decimal(const char *text, size_t length, wide *value, int *scale);
/// Writes value / 10^scale with exactly `scale` places; returns the length. `out` holds 48 bytes.
size_t kl_print_decimal(char *out, int64_t value, int scale);

/// The metatable of a kind with what all kinds share: locked, named, methods in a table of its own. [-0, +1]
void kl_push_value_metatable(lua_State *L, const char *name, lua_CFunction index);
/// text .. value and value .. text
int kl_concat_value(lua_State *L);
void kl_push_decimal_metatable(lua_State *L);
