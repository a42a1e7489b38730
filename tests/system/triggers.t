#!/bin/sh
# From what people do to what the agent does: each order once, in order, over
# the ends of either side.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/triggers_lib.sh"
triggers_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap triggers_on_exit EXIT
run up -d --listen "127.0.0.1:$port"
URL=http://127.0.0.1:$port
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
A=$COFFER_HOME/agents
mkdir -p "$A"
# It waits while there is `hold`, has done nothing while there is `later`, and
# changes something while there is `write`.
cat >"$A/probe" <<'E'
#!/bin/sh
while [ -e /opt/coffer/agents/hold ]; do sleep 0.05; done
[ ! -e /opt/coffer/agents/later ] || exit 75
[ ! -e /opt/coffer/agents/write ] || [ "$COFFER_ACCESS" != write ] || echo "by $COFFER_RUN" >>f.txt
{
	echo "$COFFER_COMMAND"
	sed -n 's/^- Arguments: //p' "$COFFER_PROMPT"
	grep -A 9 '^- Of `f.txt`' "$COFFER_PROMPT" || :
} >"$COFFER_OUT"
E
chmod 755 "$A/probe"
run create "$UPSTREAM" --network none --disk 64M --wait --timeout 60s -- /opt/coffer/agents/probe
tap_is "$RC" 0 'a sandbox'
[ "$RC" = 0 ] || { sed 's/^/# /' "$T/err"; tap_bail 'no sandbox'; }
R=/api/v1/repos/admin/calc
C=/api/coffer/v1
issue() {
	api POST "$R/issues" "$(jq -n --arg b "$1" '{title: "T", body: $b}')"
}
say() {
	api POST "$R/issues/$1/comments" "$(jq -n --arg b "$2" '{body: $b}')"
	SAID=$(field .id)
}
# runs ITEM EXPRESSION
runs() {
	api GET "$C/runs?project=admin/calc&item=$1"
	field "$2"
}
are() { [ "$(runs "$1" 'map(.state) | reverse | join(" ")')" = "$2" ]; }
said() { api GET "$R/issues/$1/comments"; field '.[].body' | grep -qF "$2"; }
count_said() { api GET "$R/issues/$1/comments"; field '.[].body' | grep -cF "$2"; }
is_seen() { api GET "$R/issues/comments/$1/reactions"; [ "$(field '.[0].content')" = eyes ]; }

# One run sees what came while it waited.
touch "$A/hold"
issue 'It breaks'
say 1 '/plan one'
tap_ok 'an order is seen' wait_for 30 is_seen "$SAID"
tap_ok 'and begun' wait_for 60 are 1 running
say 1 '/plan two'
say 1 '/plan three'
say 1 'thanks'
say 1 '> /plan four'
say 1 '/plan five'
tap_ok 'what comes meanwhile is seen at once' wait_for 30 is_seen "$SAID"
tap_ok 'and waits as one' are 1 'running queued'
rm "$A/hold"
tap_ok 'then it runs' wait_for 60 are 1 'done done'
wait_for 10 said 1 five
tap_is "$(runs 1 '.[0].message')" "$(printf 'plan\ntwo\nthree\nfive')" 'with all orders in order'

# An edit, the agent's own words and a reader's start nothing.
api PATCH "$R/issues/comments/$SAID" '{"body":"/fix edited"}'
EVE=$(make_user eve)
api PUT "$R/collaborators/eve" '{"permission":"read"}'
as "$EVE" say 1 '/fix'
say 1 '/help'
tap_ok 'help' wait_for 30 said 1 '`/retry`'
say 1 '/dance'
tap_ok 'an unknown command is answered with it' wait_for 30 said 1 'There is no command `/dance`'
say 1 '/status'
tap_ok 'what ran is told' wait_for 30 said 1 'Within 24 hours: 2 of 20 runs'
tap_is "$(runs 1 length)" 2 'nothing else was begun'

# Label and assignment.
issue 'Look'
api POST "$R/labels" '{"name":"agent","color":"00ff00"}'
L=$(field .id)
api POST "$R/issues/2/labels" "{\"labels\":[$L]}"
tap_ok 'a label' wait_for 60 are 2 'done'
api PATCH "$R/issues/2" '{"assignees":["agent"]}'
tap_ok 'an assignment' wait_for 60 are 2 'done done'
tap_is "$(runs 2 'map(.command) | join(" ")')" 'fix fix' 'mean the same'

# Stopped, and again.
touch "$A/hold"
issue '/plan it'
tap_ok 'an issue with a command' wait_for 60 are 3 running
say 3 '/plan more'
tap_ok 'another waits' wait_for 30 are 3 'running queued'
say 3 '/stop'
tap_ok 'all of it is stopped' wait_for 60 are 3 'cancelled cancelled'
tap_ok 'which is said' said 3 'Told to stop:'
rm "$A/hold"
say 3 '/retry please'
tap_ok 'the last runs again' wait_for 60 are 3 'cancelled cancelled done'
tap_is "$(runs 3 '.[0].message')" "$(printf 'plan\nmore\nplease')" 'with what was told since'

# Tries.
api PATCH "$C/projects/admin/calc" '{"settings":{"retry_s":1,"max_retries":1}}'
touch "$A/later"
issue '/plan'
tap_ok 'what passes is tried again' wait_for 60 are 4 'failed failed'
is_marked() { api GET "$R/issues/4"; [ "$(field '.labels[0].name')" = agent-stopped ]; }
tap_ok 'at the end there is a label' wait_for 10 is_marked
rm "$A/later"
say 4 '/retry'
tap_ok 'a person starts it anew' wait_for 60 are 4 'failed failed done'
tap_not 'and the label is gone' is_marked

# Paused, while both ends die.
pid_of() { jq -r --arg n "$1" '.[] | select(.name == $n).pid' "$COFFER_HOME/run/services.json"; }
is_new() { P=$(pid_of "$1"); [ -n "$P" ] && [ "$P" != "$OLD" ] && kill -0 "$P" 2>/dev/null; }
die() {
	OLD=$(pid_of "$1")
	kill -9 "$OLD"
	wait_for 30 is_new "$1"
}
answers() { api GET "$R/issues/1"; [ "$STATUS" = 200 ]; }
run run pause calc
tap_is "$RC" 0 'paused'
issue 'Wait'
say 5 '/plan one'
tap_ok 'an order waits' wait_for 30 are 5 queued
die agentd
say 5 '/plan two'
die cofferd
wait_for 30 answers
say 5 '/plan three'
tap_ok 'and is seen' wait_for 30 is_seen "$SAID"
tap_ok 'still one' are 5 queued
run run resume calc
tap_ok 'then it runs' wait_for 60 are 5 'done'
tap_is "$(runs 5 '.[0].message')" "$(printf 'plan\none\ntwo\nthree')" 'none was lost'

# What is said of lines of the agent's work.
touch "$A/write"
issue '/fix'
tap_ok 'the agent writes' wait_for 60 are 6 'done'
PULL=$(runs 6 '.[0].pull')
api POST "$R/pulls/$PULL/reviews" '{"event":"COMMENT","body":"","comments":[{"path":"f.txt","new_position":1,"body":"why by?"}]}'
tap_is "$STATUS" 200 'somebody reviews it'
tap_ok 'a review with words on lines is an order' wait_for 60 are "$PULL" 'done'
tap_like "$(runs "$PULL" '.[0].message')" '*Of `f.txt` line 1*why by?*+by *' 'that has them, and the lines'
api POST "$R/pulls/$PULL/reviews" '{"event":"APPROVED","body":"good"}'
say "$PULL" '/status'
tap_ok 'and what is said after it' wait_for 30 said "$PULL" 'Within 24 hours'
tap_is "$(runs "$PULL" length)" 1 'an approval is none'
tap_done
