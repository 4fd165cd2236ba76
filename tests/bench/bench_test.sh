#!/usr/bin/env bash
# The parts of ./bench that can be tested without running it: placement, ports, bad use.
set -euo pipefail
# shellcheck source=bench
. "$(dirname -- "$0")/../../bench"

failures=0
expect() { # WHAT ACTUAL EXPECTED
    [[ $2 == "$3" ]] || { failures=$((failures + 1)); printf 'FAILED %s: "%s", expected "%s"\n' "$@"; }
}
placement() {
    local cpus_service cpus_backend cpus_loadgen
    place "$@" 2>/dev/null
    echo "$cpus_service|$cpus_backend|$cpus_loadgen"
}
output() { ("$@") 2>&1 || true; } # what it says when it dies; the exit code is checked beside
status() {
    local code=0
    ("$@") >/dev/null 2>&1 || code=$?
    echo "$code"
}

# service | PostgreSQL and Memcached | loadgen
expect 'one core'                      "$(placement 2 3)"     '3|3|3'
expect 'two cores'                     "$(placement 2 0-1)"   '0|0|1'
expect 'two cores, not the first ones' "$(placement 2 4,9)"   '4|4|9'
expect 'three cores'                   "$(placement 2 0-2)"   '0|1|2'
expect 'four cores'                    "$(placement 2 0-3)"   '0,1|2|3'
expect 'eight cores'                   "$(placement 2 0-7)"   '0,1|2,3,4,5|6,7'
expect 'eight cores, service on four'  "$(placement 4 0-7)"   '0,1,2,3|4,5|6,7'
expect 'more asked for than there is'  "$(placement 64 0-3)"  '0,1|2|3'
expect 'two ranges'                    "$(placement 1 0-1,8-9)" '0|1,8|9'

# A port that is taken is named with what wanted it.
user=()
((EUID != 0)) || user=(-u nobody)
for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    memcached -l 127.0.0.1 -p "$port" -U 0 "${user[@]}" 2>/dev/null &
    listener=$!
    for ((i = 0; i < 100; i++)); do
        ! kill -0 "$listener" 2>/dev/null || ! port_open "$port" || break 2
        kill -0 "$listener" 2>/dev/null || break # somebody else has it: another one
        sleep 0.1
    done
    echo "attempt $attempt: could not listen on $port"
done
expect 'taken port, exit code' "$(status check_ports baseline 1 "$port")" 1
expect 'taken port, message' "$(output check_ports ingest 1 PostgreSQL "$port" | grep -o "ports taken: $port (PostgreSQL)\\.")" \
    "ports taken: $port (PostgreSQL)."
kill "$listener"
wait "$listener" || true # ended by the signal above
expect 'free port' "$(status check_ports baseline "$port")" 0

expect 'unknown verb'     "$(status main nonsense)"                 2
expect 'unknown argument' "$(status main run --nonsense)"           2
expect 'number expected'  "$(status main run --service-cpus many)"  2
expect 'unknown preset'   "$(status main build nonsense)"           2
expect 'perf, overload is of ingest' "$(status main perf server --overload)"    2
expect 'perf, which overload'       "$(output main perf --overload | grep -o 'perf ingest --overload')" 'perf ingest --overload'
expect 'perf, ingest without a hostile one' "$(status main perf ingest --hostile)" 2
expect 'perf, hostile to a client'  "$(status main perf --hostile)"             2
expect 'perf, honesty of a server'  "$(status main perf server --honesty)"      2
expect 'perf, hostile rounds'       "$(output main perf server --rounds 3 --hostile | grep -o -- '--rounds is not for --hostile')" \
    '--rounds is not for --hostile'
expect 'perf, unknown argument'     "$(status main perf client --nonsense)"     2
expect 'perf, whose services'       "$(output main perf capacity --services | grep -o -- '--services is for pair')" '--services is for pair'
expect 'perf, number expected'      "$(status main perf --rounds 0)"            2
expect 'perf, pair has no overload' "$(status main perf pair --overload)"       2
# shellcheck disable=SC2317
measured() { # perf's arguments: what is built, and called with what
    setup() { :; }
    build() { echo "built $*"; }
    exec() { echo "$1 $2 $3 ${*:6}"; exit; } # without --out and its value
    main perf "$@"
}
expect 'perf pair' "$(output measured pair --quick)" "$(printf '%s\n' 'built release loadgen knob_server' \
    '/usr/bin/python3 -B tests/bench/perf/pair.py --quick --build build/release')"
expect 'perf, ablation is of the server' "$(status main perf --ablation)" 2
expect 'perf, one thing at a time'  "$(status main perf client --quick --honesty)" 2
expect 'compare, unknown argument'  "$(status main compare put)"                  2
expect 'compare, number expected'   "$(status main compare --rounds many)"        2
expect 'compare, names expected'    "$(status main compare --targets cpp,)"       2
expect 'compare, value missing'     "$(output main compare --pool | grep -o -- '--pool wants a positive number')" \
    '--pool wants a positive number'
expect 'stack, which way'           "$(status main stack)"                          2
expect 'stack, unknown'             "$(output main stack sideways | grep -o 'up, down or status is wanted, not "sideways"')" \
    'up, down or status is wanted, not "sideways"'
expect 'stack, number expected'     "$(output main stack up --port-offset x | grep -o -- '--port-offset wants a positive number')" \
    '--port-offset wants a positive number'
expect 'stack, offset of down'      "$(output main stack down --port-offset 1 | grep -o 'unknown argument "--port-offset" of down')" \
    'unknown argument "--port-offset" of down'
expect 'stack, offset too large'    "$(output main stack up --port-offset 45000 | grep -o -- '--port-offset 45000 is more than 40000')" \
    '--port-offset 45000 is more than 40000'
expect 'setup, unknown word'        "$(output main setup anything | grep -o 'is wanted, not "anything"')" 'is wanted, not "anything"'
expect 'setup, unknown word, exit code' "$(status main setup anything)" 2
expect 'setup, one word'            "$(status main setup run perf)"                 2
expect 'dashboards, unknown option' "$(status main dashboards render --bogus)"      2
expect 'dashboards, do what'        "$(status main dashboards)"                     2
# shellcheck disable=SC2317
one_word() { # COMMAND...: without doing it
    setup() { :; }
    setup_contenders() { :; }
    output "$@"
}
expect 'setup dev, one word' "$(one_word main setup dev go | grep -o 'unknown argument "go"')" 'unknown argument "go"'
expect 'setup contenders, one word' "$(one_word main setup contenders go | grep -o 'unknown argument "go"')" 'unknown argument "go"'
# shellcheck disable=SC2317
listing() { # nothing is installed for it
    setup() { echo installs; }
    exec() { echo "$*"; exit; }
    main compare --list | head -n 1
}
expect 'compare --list installs nothing' "$(output listing | grep -o -- 'installs\|--list')" --list
# shellcheck disable=SC2317
wanted() { # PACKAGE SETUP: what setup asks for, when nothing is missing
    missing_packages() { printf '%s\n' "$@" >&2; }
    (unset BENCH_SKIP_SETUP && setup "$2") 2>&1 | grep -cx "$1" || true
}
if grep -qx ID=debian /etc/os-release; then
    golang=$(grep -cx 'VERSION_ID="13"' /etc/os-release || true) # Debian 12's is too old
    expect 'test --full, Go'         "$(wanted golang-go full)"               "$golang"
    expect 'setup contenders, Go'    "$(wanted golang-go contender-packages)" "$golang"
    expect 'run, Go'                 "$(wanted golang-go run)"                0
    expect 'test --full, clang-tidy' "$(wanted clang-tidy-19 full)"           1
    expect 'stack, Prometheus'       "$(wanted prometheus stack)"             1
    expect 'test, Prometheus'        "$(wanted prometheus test)"              1
    expect 'run, Prometheus'         "$(wanted prometheus run)"               0
    expect 'dashboards, chromium'    "$(wanted chromium dashboards)"          1
fi
for verb in setup build run test perf compare stack dashboards clean; do
    expect "help of $verb" "$(output main "$verb" --help | grep -c "^usage: ./bench $verb")" 1
done
expect 'package already there' "$(missing_packages bash coreutils)" ''
expect 'package not there' "$(missing_packages bash no-such-package)" no-such-package

# With --stack a run asks for the process ids of what is up, and runs where that left it room.
# shellcheck disable=SC2317,SC2034
joined() {
    answer() {
        case $1 in
        pids) printf '%s\n' 'postgres 11' 'memcached 12' 'baseline 13' 'ingest 14' ;;
        loadgen-cores) echo 5,6 ;;
        *) echo "$*" ;;
        esac
    }
    stack_program=(answer)
    local offset=100 service_cpus=2 postgres_pid memcached_pid cpus_loadgen
    join_stack 2>&1
    echo "${stack_pids[baseline]} ${stack_pids[ingest]} $postgres_pid $memcached_pid $cpus_loadgen"
}
expect 'joining a stack' "$(joined)" "$(printf '%s\n' 'up --port-offset 100 --service-cpus 2' '13 14 11 12 5,6')"

# Fuzzers run side by side; each gives one line, and only one that failed its output.
fuzzing() {
    build() { mkdir -p build/fuzz/fuzz; }
    nproc() { echo 2; }
    scratch=$(mktemp -d)
    cd -- "$scratch"
    build
    for name in one two three; do
        printf '#!/bin/sh\ntouch %s.ran; echo output of %s\n' "$name" "$name" >"build/fuzz/fuzz/fuzz_$name"
    done
    # Three waits for two, which comes after it: one at a time, it would fail.
    echo 'for i in 1 2 3 4 5 6 7 8 9 10; do [ -e two.ran ] && exit 0; sleep 1; done; exit 1' >>build/fuzz/fuzz/fuzz_three
    echo 'exit 3' >>build/fuzz/fuzz/fuzz_one
    chmod +x build/fuzz/fuzz/*
    fuzz 1 | sed "s|  \[[0-9]* s\]$||" | sort
    fuzz 1 >/dev/null
    echo "$passed passed, $failed failed"
    rm -rf -- "$scratch"
}
expect 'fuzzers' "$(fuzzing)" "$(printf '%s\n' 'FAILED  fuzz one, 1 s' 'ok      fuzz three, 1 s' 'ok      fuzz two, 1 s' 'output of one' '2 passed, 1 failed')"

# Each contender is made, however the others fare, and then held to its own checks and to the contract.
# shellcheck disable=SC2317 # contenders and python3 are called from ./bench
with_contenders() { # COMMAND...
    contenders() {
        printf '%s\tapps/contenders/%s/setup\t%s\n' first one $'get\tpost' two two get three three post one-more one get
        printf '%s\t-\t%s\n' script get
    }
    python3() { [[ $* != *'hold.py first post' ]]; } # it does not keep the contract
    scratch=$(mktemp -d)
    cd -- "$scratch"
    mkdir -p apps/contenders/{one,two,three,script}
    printf '#!/bin/sh\necho >>one.made\ncat >/dev/null\n' >apps/contenders/one/setup # reads what is not for it
    printf '#!/bin/sh\necho two needs a compiler >&2\nexit 1\n' >apps/contenders/two/setup
    printf '#!/bin/sh\ntouch three.made\n' >apps/contenders/three/setup
    printf '#!/bin/sh\n[ -e one.made ]\n' >apps/contenders/one/check
    printf '#!/bin/sh\n' >apps/contenders/script/check
    chmod +x apps/contenders/*/*
    output "$@" </dev/null | sed '/^$/d; s/  \[[0-9]* s\]$//'
    printf '%s ' *.made
    wc -l <one.made # two share it
    rm -rf -- "$scratch"
}
held() {
    check_contenders
    echo "$passed passed, $failed failed"
}
expect 'making contenders' "$(with_contenders setup_contenders)" "$(printf '%s\n' \
    '== making first: apps/contenders/one/setup' '== making two: apps/contenders/two/setup' 'two needs a compiler' \
    '== making three: apps/contenders/three/setup' 'bench: not made: two. What each lacks is said above' 'one.made three.made 1')"
expect 'holding contenders' "$(with_contenders held)" "$(printf '%s\n' '== contenders' \
    'ok      making first' 'ok      checks of first' 'ok      contract: first get' 'FAILED  contract: first post' \
    'two needs a compiler' 'FAILED  making two' 'ok      contract: two get' \
    'ok      making three' 'ok      contract: three post' 'ok      contract: one-more get' 'ok      checks of script' \
    'ok      contract: script get' '9 passed, 2 failed' 'one.made three.made 1')"
# shellcheck disable=SC2317
without_list() {
    contenders() { return 1; }
    "$1"
}
expect 'no list of contenders, exit code' "$(status without_list setup_contenders)" 1
expect 'no list of contenders, a failure' "$(output without_list held | tail -n 1)" '0 passed, 1 failed'
# shellcheck disable=SC2317
with_tests() { # a real ctest of two tests and one without a program; then a check
    local folder
    folder=$(mktemp -d)
    printf 'add_test(%s)\n' 'good true' '[[a bad one]] false' 'lost /nowhere/at/all' >"$folder/CTestTestfile.cmake"
    build() { :; }
    ctest() { command ctest --test-dir "$folder" "${@:3}"; }
    suite release >"$folder/said" 2>&1
    check nothing true
    check 'this and that' eval 'echo why; false'
    tell_end || echo "and fails"
    rm -rf -- "$folder"
}
expect 'what failed is named at the end' "$(output with_tests)" "$(printf '%s\n' 'ok      nothing' why 'FAILED  this and that' '' 'failed:' \
    '    release: a bad one (Failed)' '    release: lost (Not Run)' '    this and that' '' '2 passed, 3 failed' 'and fails')"
expect 'the list itself, exit code' "$(status contenders)" 0

((failures == 0)) || exit 1
echo ok
