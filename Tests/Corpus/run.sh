#!/bin/sh
# The corpus, the unit tests, the fuzzers and the HTTP side against the C bridge alone: plain and timed, under AddressSanitizer and
# UndefinedBehaviorSanitizer, and on four threads under ThreadSanitizer. About eight minutes.
#   Tests/Corpus/run.sh                all of it
#   Tests/Corpus/run.sh --long         what takes hours instead: the fuzzers (KONTOR_FUZZ_SECONDS each, 3600 unless said), 100,000
#                                      hostile runs, overshoot
#   Tests/Corpus/run.sh --fuzz N       the fuzzers of scripts and values alone, N rounds each, under AddressSanitizer
#   Tests/Corpus/run.sh --record       writes the white list anew: globals.txt and Sources/CBridge/lua_whitelist.h
#   Tests/Corpus/run.sh --coverage     lines and branches that no test reaches; each needs a reason in unreached.txt
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
failing=
for name in malloc calloc realloc strdup mmap luaL_newstate pthread_getattr_np pthread_attr_getstack; do
    failing="$failing -Wl,--wrap=$name"
done
address="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

# compile OUTPUT SOURCE FLAGS…
compile() {
    output=$1 source=$2
    shift 2
    clang -fuse-ld=lld -g -O1 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-macro-redefined "$@" -I "$bridge/include" \
        -I "$bridge" "$bridge"/lua_*.c "$here/$source" $lua -lm -lpthread -o "$build/$output"
}
# compile_http OUTPUT FLAGS…
compile_http() {
    output=$1
    shift
    clang -fuse-ld=lld -g -O1 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-macro-redefined "$@" -I "$bridge/include" \
        -I "$bridge" "$bridge"/http_*.c "$here/http.c" -lmicrohttpd -lz -lpthread -o "$build/$output"
}
scripts=$(find "$here" -name '*.lua' | sort)
seeds=$(printf '%s\n' "$scripts" | sed 's/^/--corpus /')

# What all of it reaches. GCC counts, since it knows of functions that return twice or never.
coverage() {
    mkdir "$build/gcc"
    profile="--coverage -fprofile-update=atomic -O0 -g -std=gnu11 -D_GNU_SOURCE -I $bridge/include -I $bridge"
    for file in "$bridge"/lua_*.c; do
        gcc -w $profile -c "$file" $(pkg-config --cflags lua5.4) -o "$build/gcc/$(basename "$file" .c).o"
    done
    for program in driver fuzz unit; do
        extra=
        if [ $program = unit ]; then extra=$failing; fi
        gcc -w $profile -fno-profile-arcs -fno-test-coverage $extra "$here/$program.c" "$build"/gcc/*.o $lua --coverage -lm \
            -lpthread -o "$build/gcc-$program"
    done
    "$build/gcc-driver" --slow $scripts
    "$build/gcc-fuzz" --seed 1 --count 5000 $seeds all
    "$build/gcc-unit"
    python3 "$here/coverage.py" "$build/gcc" "$@"
}

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
    coverage --all
    ;;
--long)
    compile plain driver.c -O2
    "$build/plain" --overshoot $scripts
    "$build/plain" --hostile "${KONTOR_HOSTILE:-100000}" $scripts
    compile address driver.c $address
    "$build/address" --hostile "$((${KONTOR_HOSTILE:-100000} / 10))" $scripts
    compile fuzz fuzz.c $address
    "$build/fuzz" --count 5000 --seconds "${KONTOR_FUZZ_SECONDS:-3600}" $seeds all
    compile_http http $address
    "$build/http" --seconds "${KONTOR_FUZZ_SECONDS:-3600}" --requests 500
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
    compile_http http $address
    "$build/http" --rounds 6 --requests 60
    echo "ThreadSanitizer"
    compile thread driver.c -fsanitize=thread $blocks
    "$build/thread" --slow --threads 4 $scripts
    compile_http http_thread -fsanitize=thread $blocks
    "$build/http_thread" --rounds 6 --requests 60
    echo "Coverage"
    coverage
    ;;
esac
