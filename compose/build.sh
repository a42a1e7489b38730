#!/bin/sh
# build.sh: the image `coffer` of docker-compose.yml.  Nothing is pulled: its
# base is Debian's packages, put together by mmdebstrap (apt-get install
# mmdebstrap), its programs are those of `make`.  As root, from anywhere.
set -eu
cd "$(dirname "$0")/.."
O=${O:-build/release}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

make -s V="${V:-release}" O="$O" DESTDIR="$work" PREFIX=/usr install
if ! docker image inspect coffer-base >/dev/null 2>&1; then
	# What the programs are linked with, and what they and sandboxes start.
	libs=$(ldd "$work"/usr/bin/coffer* | awk '$2 == "=>" { print $3 }' |
	    sort -u | xargs readlink -f | xargs dpkg -S 2>/dev/null |
	    cut -d: -f1 | sort -u | paste -sd, -)
	mmdebstrap --variant=minbase --include="$libs,$(paste -sd, compose/packages)" \
	    "$suite" "$work/base.tar"
	docker import "$work/base.tar" coffer-base >/dev/null
	rm "$work/base.tar"
fi
cp compose/Dockerfile "$work/"
docker build -q -t coffer "$work"
