# Finds Go and keeps what it fetches and caches inside build/contenders. Sourced by setup and check, and by tools/dev/setup.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
made=$root/build/contenders

who=apps/contenders/go # says so

fail() {
    echo "$who: $1" >&2
    exit 1
}

version_of() {
    GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null || true
}

recent() {
    [[ $(version_of "$1") =~ ^go([0-9]+)\.([0-9]+) ]] &&
        ((BASH_REMATCH[1] > 1 || BASH_REMATCH[2] >= 23))
}

# Sets `go`. Go's own archive goes to /usr/local/go, which is often not on PATH; Debian's to /usr/lib/go-1.NN.
use_go() {
    local first each
    first=$(command -v go || true)
    for each in "$first" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
        if [[ -x $each ]] && recent "$each"; then
            go=$each
            break
        fi
    done
    if [[ -z ${go:-} ]]; then
        [[ -n $first ]] && first="$first is $(version_of "$first")" || first="there is no Go"
        fail "$first, and Go 1.23 or later is needed: on Debian 13 apt-get install golang-go; on Debian 12 the same with -t bookworm-backports"
    fi
    # modcacherw: the cache can be deleted like any other folder.
    export GOMODCACHE=$made/go-modules GOCACHE=$made/go-cache GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
    export GOFLAGS="-mod=readonly -modcacherw -buildvcs=false"
}
