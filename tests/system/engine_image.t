#!/bin/sh
# The name of an image is given to another one between the moment when coffer looks at it and that when the engine makes the
# container: what is made is what was looked at.  A proxy of the engine's socket does it.  check.sh engines runs it.
SYSTEM=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC1091
. "$SYSTEM/lib.sh"
# shellcheck disable=SC1091
. "$SYSTEM/cli_lib.sh"

[ -n "${COFFER_TEST_ENGINE-}" ] || tap_skip_all 'there is no engine: tests/check.sh engines runs it'
tap_plan 8
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
EVIL=
PROXY=
on_exit() {
	coffer down >/dev/null 2>&1
	[ -z "$PROXY" ] || kill "$PROXY" 2>/dev/null
	[ -z "$EVIL" ] || engine DELETE "/images/$EVIL?force=1" >/dev/null
	lib_on_exit
}
trap on_exit EXIT
engine() { # METHOD PATH
	curl -s --unix-socket "$COFFER_TEST_SOCKET" -X "$1" "http://engine/v1.41$2"
}
# What a name means, without the kind of the hash.
id_of() { engine GET "/images/$1/json" | jq -r '.Id | sub("sha256:"; "")'; }
made_of() { engine GET "/containers/coffer-$INST-$1-p1/json" | jq -r '.Image | sub("sha256:"; "")'; }
our_tag() { engine GET /images/json | jq -r '.[] | .RepoTags // [] | .[] | select(startswith("localhost/coffer-'"$INST"'-host:"))'; }

mkdir "$T/evil"
echo evil >"$T/evil/evil"
EVIL=$(tar -C "$T/evil" -c . | curl -s --unix-socket "$COFFER_TEST_SOCKET" -H 'Content-Type: application/x-tar' --data-binary @- \
    'http://engine/v1.41/images/create?fromSrc=-' | jq -r '.status // empty' | tail -n 1 | sed 's/^sha256://')
run setup
INST=$(cat "$COFFER_HOME/instance")
# For each request that makes a container, the name is moved first: $T/moved has a line for each.
cat >"$T/hook" <<HOOK
case \$1 in */containers/create*) ;; *) exit ;; esac
curl -s --unix-socket "$COFFER_TEST_SOCKET" http://engine/v1.41/images/json |
    jq -r '.[] | .RepoTags // [] | .[] | select(startswith("localhost/coffer-$INST-host:"))' | while read -r ref; do
	curl -s -o /dev/null -w '%{http_code}\n' --unix-socket "$COFFER_TEST_SOCKET" -X POST \
	    "http://engine/v1.41/images/$EVIL/tag?repo=\${ref%:*}&tag=\${ref##*:}" >>"$T/moved"
done
HOOK
perl "$SYSTEM/../engines/proxy.pl" "$T/proxy.sock" "$COFFER_TEST_SOCKET" "$T" 2>"$T/proxy.err" &
PROXY=$!
wait_for 10 test -S "$T/proxy.sock" || tap_bail "no proxy: $(cat "$T/proxy.err")"
sed -i -e "s|^engine_socket = .*|engine_socket = $T/proxy.sock|" \
    -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
# shellcheck disable=SC2034
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
tap_is "$RC" 0 'up'
run create "$UPSTREAM" --network none --wait --timeout 60s
tap_is "$RC" 0 'create, while the name of the image is moved'
TAG=$(our_tag | head -n 1)
tap_is "$(sort -u "$T/moved")" 201 'the name was moved'
tap_is "$(id_of "$TAG")" "$EVIL" 'and means the other image'
tap_not 'the session is not made of that' test "$(made_of session)" = "$EVIL"
tap_not 'nor is the holder of its network' test "$(made_of holder)" = "$EVIL"
tap_is "$(made_of session)" "$(made_of holder)" 'they are made of the one that was looked at'
tap_is "$(coffer exec calc -- sh -c 'ls /evil 2>/dev/null; echo here')" here 'and its files are those'
tap_done
