#!/bin/sh
# git in an attached session: the session's own token, what it may, its end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 17
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
session_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap session_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
URL=http://$(cat "$COFFER_HOME/run/cofferd.addr")
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")

state_is() {
	[ "$(coffer status calc --json | jq -r .project.sandbox.state)" = "$1" ]
}
run create "$UPSTREAM" --network none --disk 64M --no-start --timeout 60s
tap_is "$RC" 0 'create --no-start'
PROJECT=$(coffer status calc --json | jq -r .project.full_name)
api GET '/api/coffer/v1/events?after=0'
tap_is "$(field '[.events[] | select(.kind == "sandbox.wanted").data.want] | join(" ")')" \
    stopped 'wants no sandbox, at no time'
tap_is "$(field '[.events[] | select(.kind == "sandbox.updated")] | length')" 0 \
    'and none was begun'
run start calc
wait_for 30 state_is running
in_session() { coffer exec calc -- "$@"; }
tap_ok 'the session clones the project' in_session \
    git clone -q "http://coffer/$PROJECT.git" /tmp/c
in_session sh -c 'cd /tmp/c && echo by-hand >h.txt && git add h.txt &&
    git commit -q -m "By hand" && git branch -m agent/by-hand' >/dev/null 2>&1
tap_ok 'pushes under agent/' in_session git -C /tmp/c push -q origin agent/by-hand
tap_not 'and nowhere else' in_session git -C /tmp/c push -q origin HEAD:refs/heads/other
tap_not 'not to main' in_session git -C /tmp/c push -q origin HEAD:main
# shellcheck disable=SC2016
PULL='t=$(git config --get-urlmatch http.extraHeader http://coffer/)
curl -sS -m 20 -o /dev/null -w "%{http_code}" -H "$t" -H "Content-Type: application/json" \
    -d "{\"title\":\"By hand\",\"head\":\"agent/by-hand\",\"base\":\"main\"}" \
    "http://coffer/api/v1/repos/'$PROJECT'/pulls"'
tap_is "$(in_session sh -c "$PULL")" 201 'it opens a pull request'
api GET "/api/v1/repos/$PROJECT/pulls/1"
tap_is "$(field .user.login)" agent 'as the agent'
TOK=$(in_session git config --get-urlmatch http.extraHeader http://coffer/ | sed 's/.* //')
tap_is "${#TOK}" 40 'the token is in the session alone'
as "$TOK" api GET /api/v1/user
tap_is "$STATUS" 401 'it is no good outside'
# What a copy of its disk would have: the work, and nothing that opens a door.
in_session sh -c 'git clone -q "http://coffer/$0.git" /work/c && cd /work/c && git fetch -q && echo here-it-is >mark && sync' "$PROJECT"
IMAGE=$(dirname "$(find "$HOME_DIR/sandboxes" -name state.json)")/ws.img
tap_ok 'the disk has what was written' grep -qaF here-it-is "$IMAGE"
tap_not 'the disk has no token' grep -qaF "$TOK" "$IMAGE"
in_session env >"$T/env"
models=$(grep -oE '(KEY|TOKEN)=[A-Za-z0-9_-]{20,}' "$T/env" | cut -d= -f2- | sort -u)
other() { for t in $models; do grep -qaF "$t" "$IMAGE" && return; done; return 1; }
tap_not 'nor one of its environment' other
run stop calc
wait_for 30 state_is stopped
run start calc
wait_for 30 state_is running
tap_not 'after a stop and a start it is another' test \
    "$(in_session git config --get-urlmatch http.extraHeader http://coffer/ | sed 's/.* //')" = "$TOK"
tap_ok 'that is good' in_session git ls-remote -q "http://coffer/$PROJECT.git"
tap_not 'no log has either' grep -rqE "$TOK" "$COFFER_HOME"/log "$COFFER_HOME"/run
tap_done
