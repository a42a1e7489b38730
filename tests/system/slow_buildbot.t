#!/bin/sh
# Another CI gates a pull request: Debian's Buildbot (packages buildbot and
# buildbot-worker), told by a webhook of ours through its own "github" hook and
# answering by its own GitHubStatusPush, made by what docs/runners.md says under
# Other CI.  Nothing of it is changed.
. "$(dirname "$0")/lib.sh"

for prog in buildbot buildbot-worker; do
	[ -x "/usr/bin/$prog" ] || tap_skip_all "there is no $prog"
done

# serving LOG PATTERN: what LOG says of the port that it listens at
serving() { sed -n "s/.*$2 starting on \([0-9]*\).*/\1/p" "$1" 2>/dev/null | tail -n 1; }
# serves PID LOG PATTERN: it does, or is dead
serves() { ! kill -0 "$1" 2>/dev/null || [ -n "$(serving "$2" "$3")" ]; }
met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
gate() { api GET "/api/coffer/v1/repos/$PROJECT/pulls/$1/gate"; }
gate_is() { gate "$1"; [ "$(field .open)" = "$2" ]; }
state_is() # SHA STATE
{
	api GET "$R/commits/$1/statuses"
	[ "$(field '[.[] | select(.context == "buildbot/check")][0].state')" = "$2" ]
}

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
$(lib_router_ids)
webhook_allow = loopback
webhook_retry = 200ms
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
BOT=$(make_user bot)
for who in bob bot; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done

# block N: what an operator would copy, with this test's places
block()
{
	awk -v n="$1" '/^## /{ on = /^## Other CI/ } on && /^```/ { open = !open; k += open; next } on && open && k == n' \
	    "$SYSTEM_DIR/../../docs/runners.md" |
	    sed -e "s|/etc/buildbot|$T|g" -e "s|http://127.0.0.1:3000|$URL|g" -e "s|admin/calc|$PROJECT|g" \
		-e 's/tcp:[0-9]*:/tcp:0:/' -e "s/TOKEN/$BOT/" -e "s|127.0.0.1:8010|127.0.0.1:${HOOKS-}|" -e 's/HOOK/between us/'
}

mkdir -p "$T/master" "$T/worker" "$T/secrets"
block 1 >"$T/pages.sh"
tap_ok "what stands in for Buildbot's pages is made" sh -e "$T/pages.sh"

# Secrets are files of their own; git on the worker reads its token from one.
printf '%s' "$BOT" >"$T/secrets/token"
printf 'between us' >"$T/secrets/hook"
block 3 >"$T/worker/.gitconfig"
chmod 600 "$T/secrets"/* "$T/worker/.gitconfig"
block 2 >"$T/master.cfg"
PYTHONPATH=$T/www
HOME=$T/worker
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH HOME PYTHONDONTWRITEBYTECODE
buildbot create-master "$T/master" >"$T/create.log" 2>&1 || tap_bail "create-master: $(tail -n 3 "$T/create.log")"
cp "$T/master.cfg" "$T/master/master.cfg"
start "$T/master.out" buildbot start --nodaemon "$T/master"
MASTER_LOG=$T/master/twistd.log
wait_for 60 serves "$PID" "$MASTER_LOG" 'PBServerFactory'
[ -n "$(serving "$MASTER_LOG" 'BuildbotSite')" ] || tap_bail "buildbot: $(tail -n 5 "$T/master.out")"
HOOKS=$(serving "$MASTER_LOG" 'BuildbotSite')
PB=$(serving "$MASTER_LOG" 'PBServerFactory')
buildbot-worker create-worker "$T/worker/one" "127.0.0.1:$PB" one pass >>"$T/create.log" 2>&1 || tap_bail 'create-worker'
start "$T/worker.out" env GIT_CONFIG_GLOBAL="$T/worker/.gitconfig" buildbot-worker start --nodaemon "$T/worker/one"
wait_for 60 grep -q "Connected to" "$T/worker/one/twistd.log" || tap_bail "worker: $(tail -n 5 "$T/worker.out")"

api POST "$R/hooks" "$(block 4)"
tap_is "$STATUS" 201 'Buildbot gets a webhook'
api POST "$R/branch_protections" "$(block 5)"
tap_is "$STATUS" 201 'main wants its status, by its account alone'

push_branch topic check.sh 'exit 1'
BAD=$SHA
api POST "$R/pulls" '{"title":"Topic","head":"topic","base":"main"}'
N=$(field .number)
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_ok 'a push is built and found wrong' wait_for 60 state_is "$BAD" failure
gate "$N"
tap_is "$(field .open),$(met statuses)" 'false,false' 'which shuts the gate'
tap_like "$(why statuses)" '*buildbot/check*failure*' 'by the name of the check'
api GET "$R/commits/$BAD/statuses"
tap_is "$(field '[.[] | select(.context == "buildbot/check")][0].creator.login')" bot 'said by its account'
api POST "$R/statuses/$BAD" '{"state":"success","context":"buildbot/check"}'
gate "$N"
tap_is "$STATUS,$(met statuses)" '200,false' 'an admin cannot say otherwise for it'

push_branch topic check.sh 'exit 0'
GOOD=$SHA
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_ok 'the next head is built and right' wait_for 60 state_is "$GOOD" success
as "$BOB" api POST "$R/pulls/$N/reviews" "{\"event\":\"APPROVED\",\"commit_id\":\"$GOOD\"}"
tap_ok 'which opens the gate' wait_for 20 gate_is "$N" true
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$GOOD\"}"
tap_is "$STATUS" 200 'and it merges'

tap_done
