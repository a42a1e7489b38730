#!/bin/sh
# Debian packages that building, testing and running need.
#   deps.sh check      exit 0 when all are installed
#   deps.sh install    install what is missing; starts and enables no service
#   deps.sh install engines    and Docker and Podman, for make check-engines
#   deps.sh install browser    and Chromium, for tests/system/slow_web_browser.t
set -eu
# After a plain su, root's PATH may lack these.
PATH=$PATH:/usr/sbin:/sbin
pkgs='gcc make pkg-config libc6-dev
libevent-dev libgit2-dev libcurl4-openssl-dev libmicrohttpd-dev libcjson-dev
libsqlite3-dev libsodium-dev libseccomp-dev libyaml-dev libcmark-gfm-dev libcmark-gfm-extensions-dev zlib1g-dev libssh2-1-dev libssl-dev libcmocka-dev
git curl ca-certificates openssl jq sqlite3 perl
runc iptables ipset conntrack iproute2 util-linux e2fsprogs procps kmod
byobu tmux groff-base nginx-light
openssh-client openssh-server
clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev cppcheck shellcheck codespell'

# Only when asked for: what make check-engines needs, and profile build.
engines='docker.io docker-compose podman mmdebstrap uidmap'
[ "${2-}" != engines ] || pkgs="$pkgs $engines"
[ "${2-}" != browser ] || pkgs="$pkgs chromium fonts-dejavu-core"

missing() {
	for p in $pkgs; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
		    grep -qx installed || printf '%s ' "$p"
	done
	# For the test with an SDK; of whatever source.
	command -v node >/dev/null || printf 'nodejs '
	command -v npm >/dev/null || printf 'npm '
}

lack=$(missing)
case ${1-} in
check)
	[ -z "$lack" ]
	;;
install)
	[ -n "$lack" ] || exit 0
	if [ "$(id -u)" = 0 ]; then
		run=
	elif command -v sudo >/dev/null &&
	    { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		run=sudo
	else
		echo "missing packages; run as root:" >&2
		echo "  apt-get update && apt-get install -y --no-install-recommends $lack" >&2
		exit 1
	fi
	# A package's daemon must not start here: policy-rc.d answers 101 for
	# the time of the installation, and a policy of the host is kept.
	policy=/usr/sbin/policy-rc.d
	made=
	trap '[ -z "$made" ] || $run rm -f "$policy"' EXIT
	trap 'exit 1' INT TERM HUP
	if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
		made=1
		printf '#!/bin/sh\n# %s\nexit 101\n' \
		    "deps.sh made this for an installation; it removes it" |
		    $run tee "$policy" >/dev/null
		$run chmod 755 "$policy"
	fi
	$run apt-get -q update
	# shellcheck disable=SC2086
	$run env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
	    -o DPkg::Lock::Timeout=120 --no-install-recommends $lack
	# A package enables its service for the next boot: these are for tests.
	for s in nginx-light:nginx openssh-server:ssh; do
		case " $lack" in
		*" ${s%:*} "*)
			! command -v systemctl >/dev/null ||
			    $run systemctl --quiet disable "${s#*:}"
			;;
		esac
	done
	;;
*)
	echo "usage: deps.sh check|install [engines]" >&2
	exit 2
	;;
esac
