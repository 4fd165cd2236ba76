# Sets native (this machine's architecture, as Debian calls it), arch (that of the first argument, or native) and its triplet.
# shellcheck shell=bash
native=$(dpkg --print-architecture)
arch=${1:-$native}
case $arch in
amd64) triplet=x86_64-linux-gnu ;;
arm64) triplet=aarch64-linux-gnu ;;
*) echo "${0##*/}: images are for amd64 and arm64, not for $arch" >&2; exit 1 ;;
esac
export native arch triplet
