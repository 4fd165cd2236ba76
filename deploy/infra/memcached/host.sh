#!/usr/bin/env bash
# Makes a fresh Debian 12 host the benchmark's Memcached, with deploy/config's options, and a node exporter. cloud-init runs it once, as
# root, as "host.sh make-this-host"; infra/user-data puts it and its file there.
set -euo pipefail
shopt -s inherit_errexit

files=${FILES:-/opt/beastmark} # ec2-xlarge.conf
root=${ROOT:-}                 # a test's, in place of /

fail() {
    printf 'memcached host: %s\n' "$1" >&2
    exit 1
}

# Options, and a limit of descriptors that allows the connections asked for: with too low a one it does not start.
configure() {
    local connections
    connections=$(sed -n 's/^-c \([0-9]\+\)$/\1/p' "$files/ec2-xlarge.conf")
    [[ -n $connections ]] || fail "ec2-xlarge.conf does not say how many connections (-c)"
    mkdir -p "$root/etc/systemd/system/memcached.service.d"
    {
        cat "$files/ec2-xlarge.conf"
        printf '\n# Of this host.\n-l 0.0.0.0\n-p 11211\n-U 0\n-u memcache\n'
    } >"$root/etc/memcached.conf"
    printf '[Service]\nLimitNOFILE=%d\n' $((connections + 1024)) >"$root/etc/systemd/system/memcached.service.d/descriptors.conf"
}

main() {
    export DEBIAN_FRONTEND=noninteractive
    configure # before it is there: it starts with this, once
    apt-get update
    apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold memcached prometheus-node-exporter
    systemctl restart memcached
}

# Only when asked to by this word, not because somebody ran or sourced the file.
case ${1:-} in
make-this-host) main ;;
*) [[ ${BASH_SOURCE[0]} != "$0" ]] || { echo "usage, as root on a host that is for nothing else: $0 make-this-host" >&2; exit 2; } ;;
esac
