#!/bin/bash
# Upstreams by ssh (a real sshd), by git's own protocol (git daemon) and on
# this disk.
SSHD=$(command -v sshd || echo /usr/sbin/sshd)
if [ "$(id -u)" -eq 0 ] && [ -z "$MIRROR_SSH_NS" ] && [ -x "$SSHD" ]; then
	# ssh wants a name for the server's uid: in a copy of the accounts.
	MIRROR_SSH_NS=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mirror_lib.sh"
[ -x "$SSHD" ] || tap_skip_all 'no sshd'

coffer_home
if [ "$(id -u)" -eq 0 ]; then
	uid=$(stat -c %u "$HOME_DIR/db")
	cp /etc/passwd "$T/passwd"
	getent passwd "$uid" >/dev/null ||
	    echo "coffer:x:$uid:$uid::/nonexistent:/usr/sbin/nologin" >>"$T/passwd"
	sed 's/^root:[^:]*:/root:*:/' /etc/shadow >"$T/shadow"
	chmod 600 "$T/shadow"
	mkdir -p "$T/run-sshd"
	{ mount --bind "$T/passwd" /etc/passwd &&
	    mount --bind "$T/shadow" /etc/shadow &&
	    { [ -d /run/sshd ] || mkdir /run/sshd; } &&
	    mount --bind "$T/run-sshd" /run/sshd; } ||
	    tap_skip_all 'accounts cannot be copied'
	chmod 755 "$T/run-sshd"
fi
ME=$(id -un)
start_cofferd
make_upstream
tap_plan 40

# port: one that is free.
port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1",LocalPort=>0)->sockport'; }

mkdir -m 700 "$T/sshd"
for k in host other; do ssh-keygen -q -t ed25519 -N '' -f "$T/sshd/$k"; done
for k in good bad; do ssh-keygen -q -t ed25519 -N '' -C "$k" -f "$T/sshd/$k"; done
ssh-keygen -q -t ed25519 -N 'pass phrase' -f "$T/sshd/locked"
cat "$T/sshd/good.pub" >"$T/sshd/authorized"
start_sshd()
{
	cat >"$T/sshd/conf" <<CONF
ListenAddress 127.0.0.1:$SSHPORT
HostKey $T/sshd/$1
PidFile none
AuthorizedKeysFile $T/sshd/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
SetEnv GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL
CONF
	start "$T/sshd/log" "$SSHD" -D -e -f "$T/sshd/conf"
	SSHD_PID=$PID
	wait_for 5 sh -c "ssh-keyscan -p $SSHPORT 127.0.0.1 2>/dev/null | grep -q ." ||
	    tap_bail "sshd: $(tail -n 3 "$T/sshd/log")"
}
pinned() { printf '[127.0.0.1]:%s %s\n' "$SSHPORT" "$(cut -d' ' -f1,2 "$T/sshd/$1.pub")"; }
set_key() { # KEYFILE KNOWN_HOSTS
	jq -n --rawfile k "$1" --arg h "$2" '{key: $k, known_hosts: $h}' >"$T/key.json"
	http_t=$ADMIN
	http PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" -H 'Content-Type: application/json' --data-binary "@$T/key.json"
	http_t=
}
is() { look && [ "$(state)" = "$1" ]; }

SSHPORT=$(port)
start_sshd host
project_of "ssh://$ME@127.0.0.1:$SSHPORT$T/up/calc.git" overssh
sync
look
tap_is "$(state)" paused/host-key 'a host that nobody has pinned is refused'
tap_like "$(field .mirror.last_error)" '*set it as known_hosts*' 'and says what to do'
set_key "$T/sshd/good" "$(pinned host)"
tap_is "$STATUS" 204 'a key and its host are set'
tap_ok 'the mirror goes on by itself' wait_for 15 is ok
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'with its branch'
up_commit two
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'and follows'
key=$HOME_DIR/secrets/upstream/$PROJECT_ID.key
tap_is "$(stat -c '%a %u' "$key")" "600 $(stat -c %u "$HOME_DIR/db")" 'the key is the server'\''s alone'

# The host has another key: somebody is in between, or it was made anew.
stop_pid "$SSHD_PID"
start_sshd other
sync
look
tap_is "$(state)" paused/host-key 'a changed host key is refused'
tap_like "$(field .mirror.last_error)" '*compare the host*' 'with a clear text'
n=$(events mirror.failed)
sync
tap_is "$(events mirror.failed)" "$n" 'told once'
set_key "$T/sshd/good" "$(pinned other)"
tap_ok 'the new key pinned: on it goes' wait_for 15 is ok
stop_pid "$SSHD_PID"
sync
look
tap_is "$(state)" failed/gone 'nobody there is no refusal'
start_sshd other
sync
look
tap_is "$(state)" ok 'and when it is back, on it goes'

# Keys that are not let in.
set_key "$T/sshd/bad" "$(pinned other)"
tap_ok 'another key is refused: paused' wait_for 15 is paused/auth
look
tap_like "$(field .mirror.last_error)" '*Permission denied*' 'in ssh'\''s words'
set_key "$T/sshd/locked" "$(pinned other)"
sync
look
tap_is "$(state)" paused/auth 'a key with a passphrase is no use here'
set_key "$T/sshd/good" "$(pinned other)"
tap_ok 'the right one again' wait_for 15 is ok
api PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" '{"key":""}'
sync
look
tap_is "$(state)" paused/auth 'without a key nothing of a user'\''s is tried'

api PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" '{"known_hosts":""}'
pinned other >"$T/hosts"
tap_ok 'the same by the command line' sh -c "COFFER_URL=$URL COFFER_TOKEN=$ADMIN '$O/bin/coffer' credential '$PROJECT' --key-file '$T/sshd/good' --known-hosts '$T/hosts'"
tap_ok 'goes on' wait_for 15 is ok

# What is no key.
for bad in '{}' '{"key":"x"}' '{"key":"-----BEGIN PUBLIC KEY-----\nx\n"}' '{"known_hosts":"h ssh-ed25519"}' '{"key":"-----BEGIN A PRIVATE KEY-----\n\u001b[2J\n"}'; do
	api PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" "$bad"
	tap_is "$STATUS" 422 "refused: $bad"
done
BOB=$(make_user bob)
as "$BOB" api PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" '{"key":""}'
tap_like "$STATUS" '40[34]' 'others may not set it'

# An agent instead, and a host that the operator pinned for all.
stop_cofferd
# It answers to its own user (and root) alone, so it is the server's.
mkdir -m 755 "$T/agent"
run_as=
if [ "$(id -u)" -eq 0 ]; then
	chown "$uid" "$T/agent"
	run_as="setpriv --reuid=$uid --regid=$uid --clear-groups"
fi
# shellcheck disable=SC2086
eval "$($run_as ssh-agent -s -a "$T/agent/sock")" >/dev/null
ssh-add -q "$T/sshd/good" 2>/dev/null
coffer_conf <<CONF
allow_file_upstream = yes
ssh_agent = $T/agent/sock
$(lib_router_ids)
CONF
start_cofferd
api PUT "/api/coffer/v1/projects/$PROJECT/upstream-key" '{"known_hosts":""}'
sync
look
tap_is "$(state)" paused/host-key 'an agent alone does not make a host known'
pinned other >"$HOME_DIR/git/known_hosts"
chmod 644 "$HOME_DIR/git/known_hosts"
sync
look
tap_is "$(state)" ok 'the agent'\''s key is let in'
kill "$SSH_AGENT_PID"
api DELETE "/api/coffer/v1/projects/$PROJECT"

# No key text anywhere but in its file.
secret=$(sed -n 3p "$T/sshd/good")
tap_not 'no key in the log' grep -qF "$secret" "$T/cofferd.log"
tap_not 'nor in the database' grep -rqF "$secret" "$HOME_DIR/db"

# git's own protocol.
GITPORT=$(port)
start "$T/daemon.log" git daemon --reuseaddr --listen=127.0.0.1 --port="$GITPORT" --base-path="$T/up" --export-all --log-destination=stderr
wait_for 5 git ls-remote "git://127.0.0.1:$GITPORT/calc.git"
project_of "git://127.0.0.1:$GITPORT/calc.git" overgit
sync
look
tap_is "$(state)" ok 'git:// is mirrored'
up_commit three
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'and followed'
project_of "git://127.0.0.1:$GITPORT/none.git" nogit
sync
look
tap_like "$(state)" 'paused/not-found' 'one that is not there'
project_of "git://127.0.0.1:$(port)/calc.git" nohost
sync
look
tap_is "$(state)" failed/gone 'and nobody listening'

# This disk.
project_of "$T/up/calc.git" bypath
sync
look
tap_is "$(state)" ok 'a path is mirrored'
mv "$T/up/calc.git" "$T/up/away.git"
sync
look
tap_is "$(state)" failed/gone 'a disk that is gone may come back'
mv "$T/up/away.git" "$T/up/calc.git"
stop_cofferd
coffer_conf <<CONF
$(lib_router_ids)
CONF
start_cofferd
sync
look
tap_is "$(state)" paused/config 'where the configuration forbids it, no more'
tap_like "$(field .mirror.last_error)" '*allow_file_upstream*' 'and says which key'
api POST /api/coffer/v1/projects "{\"upstream\":\"$T/up/calc.git\",\"name\":\"new\"}"
tap_is "$STATUS" 422 'nor a new one'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
