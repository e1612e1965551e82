#!/bin/sh
# The corpus, the unit tests and the fuzzers against the C bridge alone: plain and timed, under AddressSanitizer and
# UndefinedBehaviorSanitizer, and on four threads under ThreadSanitizer. About six minutes.
#   Tests/Corpus/run.sh                all of it
#   Tests/Corpus/run.sh --fuzz N       the fuzzers alone, N rounds each, under AddressSanitizer
#   Tests/Corpus/run.sh --record       writes the white list anew: globals.txt and Sources/CBridge/lua_whitelist.h
#   Tests/Corpus/run.sh --coverage     lines and branches of the bridge that all of it reaches
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bridge=$here/../../Sources/CBridge
build=${TMPDIR:-/tmp}/kontor-corpus.$$
mkdir "$build"
trap 'rm -rf "$build"' EXIT
lua=$(pkg-config --cflags --libs lua5.4)
tools=$(dirname "$(readlink -f "$(command -v clang)")")
# Swift's clang links its ThreadSanitizer against these.
runtime=$tools/../lib/swift/linux
blocks=
if [ -e "$runtime/libdispatch.so" ]; then blocks="-L$runtime -ldispatch -lBlocksRuntime -Wl,-rpath,$runtime"; fi
failing=-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=mmap,--wrap=luaL_newstate
address="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

# compile OUTPUT SOURCE FLAGS…
compile() {
    output=$1 source=$2
    shift 2
    clang -fuse-ld=lld -g -O1 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-macro-redefined "$@" -I "$bridge/include" \
        -I "$bridge" "$bridge"/lua_*.c "$here/$source" $lua -lm -lpthread -o "$build/$output"
}
scripts=$(find "$here" -name '*.lua' | sort)
seeds=$(printf '%s\n' "$scripts" | sed 's/^/--corpus /')

case ${1:-} in
--record)
    compile plain driver.c
    "$build/plain" --globals >"$here/globals.txt"
    {
        echo '// Everything that a bare script can reach. Tests/Corpus/run.sh --record writes this and Tests/Corpus/globals.txt; review both.'
        sed 's/.*/"&\\n"/' "$here/globals.txt"
    } >"$bridge/lua_whitelist.h"
    ;;
--fuzz)
    compile fuzz fuzz.c $address
    "$build/fuzz" --count "${2:-100000}" $seeds all
    ;;
--coverage)
    profile="-O0 -fprofile-instr-generate -fcoverage-mapping"
    compile driver driver.c $profile
    compile fuzz fuzz.c $profile
    compile unit unit.c $profile $failing
    LLVM_PROFILE_FILE=$build/1.raw "$build/driver" --slow $scripts
    LLVM_PROFILE_FILE=$build/2.raw "$build/fuzz" --seed 1 --count 5000 $seeds all
    LLVM_PROFILE_FILE=$build/3.%p.raw "$build/unit"
    "$tools/llvm-profdata" merge -o "$build/all" "$build"/*.raw
    "$tools/llvm-cov" report "$build/driver" -object "$build/fuzz" -object "$build/unit" -instr-profile="$build/all" \
        "$bridge"/lua_*.c
    ;;
*)
    echo "plain, timed"
    compile plain driver.c -O2
    "$build/plain" --timing --repeat 3 $scripts
    compile unit unit.c $failing
    "$build/unit"
    echo "AddressSanitizer and UndefinedBehaviorSanitizer"
    compile address driver.c $address
    "$build/address" --slow --repeat 2 $scripts
    compile address_unit unit.c $address $failing
    "$build/address_unit"
    compile fuzz fuzz.c $address
    "$build/fuzz" --count 10000 $seeds all
    echo "ThreadSanitizer"
    compile thread driver.c -fsanitize=thread $blocks
    "$build/thread" --slow --threads 4 $scripts
    ;;
esac
