#!/bin/sh
# The units, users and folders that `make install` puts where systemd finds
# them: what systemd itself says of them, without starting any.
. "$(dirname "$0")/lib.sh"

command -v systemd-analyze >/dev/null || tap_skip_all 'no systemd-analyze here'

top=$(cd "$SYSTEM_DIR/../.." && pwd)
prefix=$T/usr
units=$prefix/lib/systemd/system

# The image of a host: what a package would bring, with /usr as PREFIX.
install_into() # DESTDIR PREFIX
{
	make -s -C "$top" O="$O" V="${V:-debug}" DESTDIR="$1" PREFIX="$2" install
}

# The level as systemd counts it, times ten: 0 is best.
exposure()
{
	systemd-analyze security --no-pager --offline=true "$units/$1" \
	    2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}

at_most() { [ -n "$1" ] && [ "${1#0}" -le "$2" ]; }

tap_ok 'make install puts the units' install_into '' "$prefix"
tap_ok 'systemd has nothing to say against the units' \
    systemd-analyze verify --recursive-errors=yes --man=no \
    "$units/coffer.target" "$units/cofferd.service" \
    "$units/coffer-router.service" "$units/coffer-gateway.service" \
    "$units/coffer-agentd.service" "$units/coffer-runner.service"
systemd-analyze verify --recursive-errors=yes --man=no "$units"/coffer* \
    >"$T/said" 2>&1
tap_is "$(cat "$T/said")" '' 'not even a warning'
tap_not 'no place is left to be filled in' grep -r '@bindir@' "$units"
mkdir "$T/bad"
sed 's/^ExecStart=.*/ExecStart=\/nowhere\/cofferd/' \
    "$units/cofferd.service" >"$T/bad/cofferd.service"
tap_not 'a unit whose program is absent would be noticed' systemd-analyze \
    verify --recursive-errors=yes --man=no "$T/bad/cofferd.service"

for unit in cofferd coffer-gateway; do
	tap_ok "$unit is closed as far as systemd can" \
	    at_most "$(exposure $unit.service)" 20
	tap_ok "$unit is never root" grep -q '^User=coffer' "$units/$unit.service"
	tap_ok "$unit has no capability" \
	    grep -qx 'CapabilityBoundingSet=' "$units/$unit.service"
done
tap_ok 'the router is closed as far as it can be' \
    at_most "$(exposure coffer-router.service)" 60
# What they mount must be the host's.
for unit in coffer-router coffer-agentd coffer-runner; do
	tap_not "$unit has no mount namespace of its own" grep -E \
	    '^(Private(Tmp|Devices|Mounts|IPC)|Protect(System|Home|Proc|Kernel|Control)|ProcSubset|(ReadOnly|ReadWrite|Inaccessible|Bind)[A-Za-z]*Paths|Root)' \
	    "$units/$unit.service"
done
for unit in coffer-agentd coffer-runner; do
	tap_ok "a stop of $unit leaves sandboxes alone" \
	    grep -qx 'KillMode=process' "$units/$unit.service"
	tap_ok "$unit loads no module of the kernel" \
	    grep -q '^CapabilityBoundingSet=~CAP_SYS_MODULE ' "$units/$unit.service"
done

host=$T/host
mkdir -p "$host/etc"
tap_ok 'a package has everything below one folder' \
    install_into "$host" /usr/local
tap_ok 'the units name the programs where they will be' grep -qx \
    'ExecStart=/usr/local/bin/cofferd' \
    "$host/usr/local/lib/systemd/system/cofferd.service"
if [ "$(id -u)" = 0 ]; then
	tap_ok 'systemd-sysusers makes the users' \
	    systemd-sysusers --root="$host"
	tap_is "$(cut -d: -f1,3,4,7 "$host/etc/passwd" | sort)" \
	    'coffer-gateway:64104:64104:/usr/sbin/nologin
coffer-router:64102:64102:/usr/sbin/nologin
coffer:64101:64101:/usr/sbin/nologin' \
	    'they have the numbers that the programs take without them'
	tap_is "$(grep -c '^coffer-proxy:x:64103:' "$host/etc/group")" 1 \
	    'and so has the group of the proxy'
	tap_ok 'systemd-tmpfiles makes the folders' \
	    systemd-tmpfiles --root="$host" --create
	tap_is "$(cd "$host/var/lib/coffer" &&
	    stat -c '%n %a %u:%g' . run run/gateway gateway)" \
	    '. 711 0:0
run 755 0:0
run/gateway 2710 64104:64102
gateway 700 64104:64104' 'with the owners and modes that the programs want'
	# They are those of this build, and want nothing else.
	tap_ok 'setup takes such a home' \
	    "$O/bin/cofferd" --home "$host/var/lib/coffer" --init
	tap_is "$(stat -c '%a %u:%g' "$host/var/lib/coffer/run/gateway")" \
	    '2710 64104:64102' 'and leaves what is the gateway'\''s'
fi

# What a unit of Type=notify waits for.
cat >"$T/hear.pl" <<'P'
use IO::Socket::UNIX; use Socket;
my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
chmod 0666, $ARGV[0];
open(my $up, '>', "$ARGV[1].up"); close($up);
$s->recv(my $m, 100);
open(my $f, '>', "$ARGV[1].part"); print $f $m; close($f);
rename("$ARGV[1].part", $ARGV[1]);
P
start "$T/hear.log" perl "$T/hear.pl" "$T/notify" "$T/heard"
wait_for 10 test -e "$T/heard.up" || tap_bail 'no listener'
coffer_home
NOTIFY_SOCKET=$T/notify
export NOTIFY_SOCKET
start_cofferd
tap_ok 'cofferd says when it is ready' wait_for 20 test -e "$T/heard"
tap_is "$(cat "$T/heard")" READY=1 'in the words of sd_notify'
http GET /api/v1/version
tap_is "$STATUS" 200 'and it is'
stop_cofferd
NOTIFY_SOCKET=$T/nobody
start_cofferd
http GET /api/v1/version
tap_is "$STATUS" 200 'nobody who listens is no reason not to start'
tap_done
