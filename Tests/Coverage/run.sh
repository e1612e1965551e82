#!/bin/sh
# Lines of the posting path and the run path, and lines and branches of the bridge's C but for the sandbox's, that no Swift test
# reaches; each needs a reason in unreached.txt. (The sandbox's C is measured by Tests/Corpus/run.sh --coverage.) Builds everything
# anew with counters, which takes ten minutes.
#   Tests/Coverage/run.sh [--all]      --all shows those with a reason, too
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
home=$(dirname "$(dirname "$here")")
swift=${KONTOR_SWIFT:-swift}
build=$home/.build/coverage
suites='StorageTests|LedgerTests|PlatformTests|ServerTests'
tools=$(dirname "$(readlink -f "$(command -v clang)")")

cd "$home"
export KONTOR_COVERAGE=1
# shellcheck disable=SC2086
$swift build --build-tests --enable-code-coverage --scratch-path "$build" </dev/null
rm -f "$build"/debug/codecov/*
# shellcheck disable=SC2086
$swift test --skip-build --enable-code-coverage --scratch-path "$build" --filter "$suites" </dev/null ||
  echo "coverage: some tests failed; what they reach counts all the same" >&2
"$tools/llvm-profdata" merge -sparse "$build"/debug/codecov/*.profraw -o "$build/tests.profdata"
"$tools/llvm-cov" export -format=lcov -instr-profile "$build/tests.profdata" "$build/debug/kontorPackageTests.xctest" >"$build/tests.lcov"
python3 "$here/coverage.py" "$build/tests.lcov" "$@"
