#!/bin/sh
# A HOME without room: a sandbox is not taken away unlooked at, who asks is told
# what to do, and once there is room it works.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
attack_on_exit()
{
	full_status=$?
	rm -f "$T/home/sandboxes/fill"
	"$O/bin/coffer" down >"$T/down.log" 2>&1
	umount -R "$T/home/sandboxes" 2>/dev/null || umount -R -l "$T/home/sandboxes" 2>/dev/null
	(exit "$full_status")
	lib_on_exit
}
small()
{
	mkdir -p "$COFFER_HOME/sandboxes"
	mount -t tmpfs -o size=64m,mode=711 none "$COFFER_HOME/sandboxes"
}
ATTACK_BEFORE=small
attack_start alpha beta gamma
F=$T/home/sandboxes/fill
# To the last byte of what sandboxes are kept in; cofferd has room.
fill()
{
	dd if=/dev/zero of="$F" bs=64k 2>/dev/null
	dd if=/dev/zero of="$F" bs=1 oflag=append conv=notrunc count=65536 2>/dev/null
}
state() { api GET "/api/coffer/v1/projects/admin/$1"; jq -r '.sandbox.state // "gone"' "$BODY"; }
tap_ok 'it has a namespace' test -e "/run/netns/coffer-$INST-p1"

fill
coffer destroy alpha --yes >"$T/destroy" 2>&1
tap_is "$?" 3 'what cannot be looked into is not taken away'
tap_like "$(cat "$T/destroy")" '*no room on the disk of HOME: make some*' 'who asks is told what to do'
tap_is "$(state alpha)" running 'it goes on'
rm "$F"
tap_ok 'and is not frozen' timeout 60 "$O/bin/coffer" exec alpha -- true
coffer destroy alpha --yes >"$T/destroy" 2>&1
tap_is "$? $(state alpha)" '0 gone' 'with room it is looked into, and goes'

fill
coffer stop beta >"$T/stop" 2>&1
tap_is "$? $(state beta)" '0 stopped' 'one is stopped without room'
tap_not 'its namespace is gone' test -e "/run/netns/coffer-$INST-p2"
coffer destroy gamma --force --yes >"$T/destroy" 2>&1
tap_is "$? $(state gamma)" '0 gone' 'one is destroyed without room, by force'
tap_not 'and its namespace' test -e "/run/netns/coffer-$INST-p3"
tap_not 'and nothing of it is left' test -e "$T/home/sandboxes/3"
rm "$F"
coffer start beta >"$T/start" 2>&1
tap_is "$? $(state beta)" '0 running' 'the stopped one is started again'
[ "$TAP_FAILED" -eq 0 ] || tail -n 30 "$T/destroy" "$T/stop" "$HOME_DIR"/log/agentd.log | sed 's/^/# /'
tap_done
