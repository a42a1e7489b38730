#!/bin/sh
# A host that boots: systemd as process 1 in namespaces of its own, with this
# host's /usr, starts what `make install` put there, and nothing else by hand.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || tap_skip_all 'needs root (namespaces, mounts)'
[ -x /lib/systemd/systemd ] || tap_skip_all 'no systemd here'

top=$(cd "$SYSTEM_DIR/../.." && pwd)
BOOT=$T/boot
CGROUPS=
mkdir -p "$BOOT"

boot_end()
{
	boot_status=$?
	trap - EXIT
	[ -z "${HOST_PID:-}" ] || kill -KILL "$HOST_PID" 2>/dev/null
	stop_all
	for boot_dir in $CGROUPS; do
		boot_try=0
		while [ -d "$boot_dir" ] && [ "$boot_try" -lt 100 ]; do
			find "$boot_dir" -depth -type d -exec rmdir {} + 2>/dev/null
			boot_try=$((boot_try + 1))
			[ ! -d "$boot_dir" ] || sleep 0.05
		done
	done
	(exit "$boot_status")
	lib_on_exit
}
trap boot_end EXIT

# All that it starts is below cgroups of ours, so that it finds itself at the
# top of each hierarchy in a namespace of them.
own_cgroups() # the process $1 becomes theirs
{
	while IFS=: read -r _ boot_c boot_at; do
		case $boot_c in
		'') boot_d=/sys/fs/cgroup
			[ -e "$boot_d"/cgroup.controllers ] || continue ;;
		*) boot_d=/sys/fs/cgroup/${boot_c#name=} ;;
		esac
		[ -d "$boot_d" ] || continue
		boot_d=$boot_d${boot_at%/}/coffer-test-$$
		mkdir "$boot_d" || return 1
		CGROUPS="$boot_d $CGROUPS"
		if [ "$boot_c" = cpuset ]; then
			cat "$boot_d/../cpuset.cpus" >"$boot_d/cpuset.cpus"
			cat "$boot_d/../cpuset.mems" >"$boot_d/cpuset.mems"
		fi
		echo "$1" >"$boot_d/cgroup.procs" || return 1
	done </proc/self/cgroup
}

# in_host COMMAND...: inside; RC and $T/out.
in_host()
{
	nsenter -t "$HOST_PID" -a env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin \
	    HOME=/root LC_ALL=C.UTF-8 "$@" >"$T/out" 2>"$T/err" </dev/null
}
out_is() { in_host "$@" && [ "$(cat "$T/out")" = "$WANT" ]; }

tap_ok 'the host gets what make install brings' make -s -C "$top" O="$O" \
    V="${V:-debug}" DESTDIR="$BOOT" PREFIX=/usr/local install

# Waits for its cgroups before it makes its namespace of them.
mkfifo "$T/go"
cat >"$T/start" <<-START
	read -r _ <"$T/go"
	exec unshare --mount --pid --uts --ipc --net --cgroup --fork \
	    --kill-child sh "$SYSTEM_DIR/systemd_boot.sh" "$BOOT"
START
start "$T/boot.log" sh "$T/start"
SHELL_PID=$PID
own_cgroups "$SHELL_PID" || tap_bail 'no cgroups of our own'
echo go >"$T/go"
find_host() { HOST_PID=$(pgrep -P "$SHELL_PID" -x systemd); }
wait_for 30 find_host || tap_bail "systemd does not boot: $(cat "$T/boot.log")"

WANT='active
active
active
active
active
active'
tap_ok 'it boots, and all of Cofferdam is up' wait_for 60 out_is systemctl \
    is-active coffer.target cofferd coffer-router coffer-gateway coffer-agentd coffer-runner
in_host sh -c 'for p in cofferd coffer-gateway coffer-router; do
	echo $p $(ps -o user:20= -p $(systemctl show -P MainPID $p)); done'
tap_is "$(cat "$T/out")" 'cofferd coffer
coffer-gateway coffer-gateway
coffer-router coffer-router' 'three of them are nobody but themselves'
in_host systemctl show -P NRestarts cofferd coffer-router coffer-gateway coffer-agentd coffer-runner
tap_is "$(tr -d '\n' <"$T/out")" 00000 'none had to be started twice'

in_host coffer status
tap_is "$(awk '$2 == "up"' "$T/out" | wc -l)" 5 'coffer status sees all five, the runner too'
in_host coffer doctor --no-sandbox --json
tap_is "$(jq -r '.checks[] | select(.name == "supervisor" or .name == "cofferd") | .state' "$T/out" | sort -u)" ok 'so does coffer doctor, with nothing to mend'
in_host coffer unsetup
tap_is "$? $(grep -c 'systemctl stop' "$T/err")" '3 1' 'coffer unsetup refuses, and says what to stop'
in_host sh -c 'systemd-sysusers && systemd-tmpfiles --create --prefix=/var/lib/coffer'
tap_is "$?" 0 'users and folders can be made again'
in_host systemctl daemon-reload
in_host systemctl enable --now coffer.target
tap_is "$?" 0 'coffer.target is enabled'
in_host systemctl status coffer-runner
tap_is "$?" 0 'systemctl status knows the runner'
# systemctl edit wants a terminal and an editor.
in_host sh -c 'printf sk-of-the-test-0123456789 >/srv/key
    printf "#!/bin/sh\nprintf \"[Service]\\\\nLoadCredential=mine:/srv/key\\\\n\" >\"\$1\"\n" >/srv/edit
    chmod 755 /srv/edit'
in_host timeout 20 script -qec 'SYSTEMD_EDITOR=/srv/edit systemctl edit coffer-gateway' /dev/null
in_host sh -c 'systemctl daemon-reload && systemctl restart coffer-gateway && systemctl reload coffer-gateway &&
    tr "\0" "\n" </proc/$(systemctl show -P MainPID coffer-gateway)/environ'
tap_ok 'LoadCredential of a drop-in reaches the gateway' grep -q '^CREDENTIALS_DIRECTORY=.*coffer-gateway' "$T/out"
in_host systemctl reload cofferd
tap_is "$?" 0 'cofferd can be told to read its certificate again'

in_host sh -c 'set -e; cd /srv; git config --global user.email t@example.org
git config --global user.name t; git init -q -b main w; echo hello >w/README.md
git -C w add .; git -C w commit -qm one; git clone -q --bare w up.git
chown -R coffer:coffer up.git; chmod -R a+rX /srv
printf "[server]\nallow_file_upstream = yes\nmin_free = 1\n" >/var/lib/coffer/coffer.conf
systemctl restart cofferd'
tap_is "$?" 0 'cofferd takes another configuration by a restart'
# Of cgroups of version 1 nobody tells a systemd in a namespace that one is empty: what it missed it sees at a reload, else
# when TimeoutStopSec is over.
ready() { in_host systemctl daemon-reload && in_host systemctl is-active coffer-agentd && in_host coffer status && grep -q '^agentd *up' "$T/out"; }
comes() { # NAME COMMAND...: and when it does not come, why
	comes_failed=$TAP_FAILED
	comes_name=$1
	shift
	tap_ok "$comes_name" wait_for 60 "$@"
	[ "$TAP_FAILED" = "$comes_failed" ] || {
		in_host sh -c 'coffer status; systemctl status --no-pager "coffer*"'
		sed 's/^/# /' "$T/out" "$T/err"
	}
}
comes 'which agentd is part of' ready
tap_ok 'a project is made and mirrored, its sandbox started' \
    in_host coffer create file:///srv/up.git --name demo
cat "$T/err" >>"$T/boot.log"
tap_ok 'the sandbox clones it through the router' in_host coffer exec demo -- \
    sh -c 'git clone -q http://coffer/admin/demo.git x && cat x/README.md'
tap_is "$(cat "$T/out")" hello 'with what is in it'
in_host coffer exec demo -- sh -c 'echo here >/tmp/mark'
in_host systemctl restart coffer-agentd
exec_again() { in_host coffer exec demo -- cat /tmp/mark; }
tap_ok 'the sandbox outlives a restart of agentd' wait_for 30 exec_again
tap_is "$(cat "$T/out")" here 'it is the same'
in_host systemctl kill -s KILL cofferd
comes 'what is killed comes back' ready

WANT='inactive
inactive
inactive
inactive
inactive'
in_host systemctl stop --no-block coffer.target cofferd
comes 'all of it stops with its target' out_is sh -c 'systemctl daemon-reload; systemctl is-active cofferd \
    coffer-router coffer-gateway coffer-agentd coffer-runner || :'
tap_ok 'coffer down ends the sandboxes that go on' in_host coffer down
in_host sh -c 'ls /run/netns; grep /var/lib/coffer /proc/self/mounts; pgrep -a coffer; pgrep -a runc'
tap_is "$(cat "$T/out")" '' 'and nothing is left of them'
in_host systemctl start coffer.target
comes 'all of it starts again' ready
tap_done
