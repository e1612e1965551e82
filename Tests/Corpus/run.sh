#!/bin/sh
# The corpus against the C bridge alone: plain and timed, under AddressSanitizer, and on four threads under ThreadSanitizer.
#   Tests/Corpus/run.sh                all of it (about two minutes)
#   Tests/Corpus/run.sh --record       writes the white list anew: globals.txt and Sources/CBridge/lua_whitelist.h
#   Tests/Corpus/run.sh --coverage     branch coverage of the bridge by the corpus and the fuzzers
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bridge=$here/../../Sources/CBridge
build=${TMPDIR:-/tmp}/kontor-corpus.$$
mkdir "$build"
trap 'rm -rf "$build"' EXIT
lua=$(pkg-config --cflags --libs lua5.4)
# Swift's clang links its ThreadSanitizer against these.
runtime=$(dirname "$(readlink -f "$(command -v clang)")")/../lib/swift/linux
blocks=
if [ -e "$runtime/libdispatch.so" ]; then blocks="-L$runtime -ldispatch -lBlocksRuntime -Wl,-rpath,$runtime"; fi

# compile OUTPUT SOURCE FLAGS…
compile() {
    output=$1 source=$2
    shift 2
    clang -fuse-ld=lld -g -O1 -std=gnu11 -Wall -Wextra "$@" -I "$bridge/include" "$bridge"/lua_*.c "$here/$source" $lua -lm -lpthread \
        -o "$build/$output"
}
scripts=$(find "$here" -name '*.lua' | sort)

case ${1:-} in
--record)
    compile plain driver.c
    "$build/plain" --globals >"$here/globals.txt"
    {
        echo '// Everything that a bare script can reach. Tests/Corpus/run.sh --record writes this and Tests/Corpus/globals.txt; review both.'
        sed 's/.*/"&\\n"/' "$here/globals.txt"
    } >"$bridge/lua_whitelist.h"
    ;;
*)
    echo "plain, timed"
    compile plain driver.c -O2
    "$build/plain" --timing --repeat 3 $scripts
    echo "AddressSanitizer and UndefinedBehaviorSanitizer"
    compile address driver.c -fsanitize=address,undefined -fno-sanitize-recover=undefined
    "$build/address" --slow --repeat 2 $scripts
    echo "ThreadSanitizer"
    compile thread driver.c -fsanitize=thread $blocks
    "$build/thread" --slow --threads 4 $scripts
    ;;
esac
