# shellcheck shell=sh disable=SC2034
# agents_lib.sh: real agent CLIs in runs, which ask a stub of a model by the
# router and the gateway.  After lib.sh, gateway_lib.sh and attack_lib.sh:
#
#	agents_start claude		HOME and programs; skips without the CLI
#	agents_project alpha claude	a project of make_upstream's $UPSTREAM
#	agents_steps <<'A'		what the model says from now on
#	agents_order alpha /fix		a run, waited for: $AJSON, $EVENTS, $SAID
#					(its comment), $ERR (what it left on
#					stderr: requests, hostile requests and
#					marks as lines "stub ", "trap ", "mark ")
#
# COFFER_TEST_CLIS is a folder with bin/claude, bin/codex, bin/opencode and
# bin/goose; tests/clis.sh makes one.

agents_start()
{
	AGENTS_CLIS=${COFFER_TEST_CLIS-}
	for agents_n in "$@"; do
		[ -n "$AGENTS_CLIS" ] && [ -x "$AGENTS_CLIS/bin/$agents_n" ] ||
		    tap_skip_all "no $agents_n: set COFFER_TEST_CLIS (tests/clis.sh)"
	done
	ATTACK_AGENTD='model = stub-model'
	ATTACK_BEFORE=agents_before
	attack_start
	mkdir -p "$HOME_DIR/agents/bin" "$HOME_DIR/agents/cli"
	cp "$SYSTEM_DIR/model_stub.pl" "$HOME_DIR/agents/"
	printf '[{"text":"trapped"}]' >"$HOME_DIR/agents/trap.json"
	for agents_n in "$@"; do
		agents_f=$(readlink -f "$AGENTS_CLIS/bin/$agents_n")
		ln "$agents_f" "$HOME_DIR/agents/cli/$agents_n" 2>/dev/null ||
		    cp "$agents_f" "$HOME_DIR/agents/cli/$agents_n"
		cat >"$HOME_DIR/agents/bin/$agents_n" <<'W'
#!/bin/bash
# The CLI beside a stub of a model that is not the gateway's, for the controls,
# and a trap for whoever asks elsewhere.
d=/opt/coffer/agents
real=$d/cli/$(basename "$0")
[ ! -e $d/env ] || . $d/env
[ "$1" != --version ] || exec "$real" --version
perl $d/model_stub.pl 18080 $d/steps.json /tmp/own.log >/dev/null 2>&1 </dev/null &
perl $d/model_stub.pl 18081 $d/trap.json /tmp/trap.log >/dev/null 2>&1 </dev/null &
for p in 18080 18081; do
	until (: </dev/tcp/127.0.0.1/$p) 2>/dev/null; do sleep 0.05; done
done
"$real" "$@"
rc=$?
sleep 0.3
for f in own trap; do
	[ ! -e /tmp/$f.log ] || sed "s/^/$f /" /tmp/$f.log >&2
done
for f in /tmp/mark-*; do
	[ ! -e "$f" ] || echo "mark $f" >&2
done
exit $rc
W
		chmod 755 "$HOME_DIR/agents/bin/$agents_n"
	done
}

# The stub is what the gateway takes for its providers, which have a key.
agents_before()
{
	mkdir -p "$HOME_DIR/agents"
	echo '[]' >"$HOME_DIR/agents/steps.json"
	: >"$T/stub.log"
	start "$T/stub.err" perl "$SYSTEM_DIR/model_stub.pl" "0:$T/stub.port" \
	    "$HOME_DIR/agents/steps.json" "$T/stub.log"
	wait_for 10 test -s "$T/stub.port" || tap_bail 'no stub'
	UP_PORT=$(cat "$T/stub.port")
	gateway_files anthropic anthropic
	gateway_files openai openai
	gateway_prices
	for agents_n in look:read sealed:write; do
		printf -- '---\ndescription: x\naccess: %s\n---\nDo it.\n' "${agents_n#*:}" \
		    >"$HOME_DIR/prompts/commands/${agents_n%:*}.md"
	done
}

# agents_project NAME AGENT [ARGUMENT...]
agents_project()
{
	agents_n=$1
	agents_a=$2
	shift 2
	[ $# -eq 0 ] || set -- -- "$@"
	coffer create "$UPSTREAM" --name "$agents_n" --agent "$agents_a" \
	    --network none --wait "$@" >"$T/create.log" 2>&1 ||
	    tap_bail "$(cat "$T/create.log")"
}

agents_steps()
{
	cat >"$HOME_DIR/agents/steps.json"
	rm -f "$T"/stub.log.*
	: >"$T/stub.log"
}

agents_order()
{
	attack_order "$@"
	attack_end
	agents_files "$1"
}

agents_files()
{
	wait_for 20 test ! -e "$HOME_DIR/runs/$RID/token"
	AJSON=$HOME_DIR/runs/$RID/record/agent.json
	EVENTS=$HOME_DIR/runs/$RID/record/events.jsonl
	ERR=$T/err
	{
		cat "$HOME_DIR/runs/$RID/record/err.log"
		sed 's/^/stub /' "$T/stub.log"
	} >"$ERR"
	SAID=$T/said
	coffer issue show "$1" "$ITEM" >"$SAID" 2>&1
}

# agents_again NAME ORDER: one more on the same item; as agents_order
agents_newer()
{
	agents_r=$(coffer run list "$1" --json | jq -r "[.[] | select(.item == $ITEM)] | map(.id) | max")
	[ "$agents_r" -gt "$RID" ]
}
agents_again()
{
	: >"$T/stub.log"
	coffer issue comment "$1" "$ITEM" -b "$2" >"$T/comment.log" 2>&1 || tap_bail "$(cat "$T/comment.log")"
	wait_for 20 agents_newer "$1" || tap_bail "no second run for #$ITEM"
	RID=$agents_r
	attack_end
	agents_files "$1"
}

agents_end() { echo "$(attack_state) $(jq -r .fault "$AJSON")"; }

# agents_tools: what the requests offered to the model, once each, sorted
agents_tools()
{
	sed -n 's/^stub //p' "$ERR" | jq -r '.tools[]' | sort -u | tr '\n' ' '
}

# A repository that tries everything.
agents_upstream()
{
	make_upstream "$1"
	(
		cd "$WORK" && sh "$SYSTEM_DIR/agents_hostile.sh" && git add -A &&
		    git commit -q -m 'Settings' && git push -q origin main
	) || tap_bail 'agents_upstream'
}

# Variables of the wrappers, on top of what the adapter gives.
agents_env() { echo "export COFFER_TEST $1" >"$HOME_DIR/agents/env"; }

# agents_fail NAME STATUS BODY: a run whose model answers with an error
agents_fail()
{
	printf '[{"status":%s,"body":%s}]' "$2" "$3" | agents_steps
	agents_order "$1" /look
}

# agents_poor NAME: a run when the day's money is gone
agents_poor()
{
	control '{"op":"limit","scope":"day","micros":1}'
	echo '[{"text":"x"}]' | agents_steps
	agents_order "$1" /look
	control '{"op":"limit","scope":"day","micros":100000000}'
}

# agents_sessions NAME: after a read run with tools: the next one of its item
# goes on with its session, if that is there and no larger than it may be.
agents_results() { sed -n 's/^stub //p' "$ERR" | jq -s '[.[].results] | max'; }
agents_sessions()
{
	agents_id=$(jq -r .session "$AJSON")
	agents_steps <<'A'
[{"text":"New."},{"text":"Said before."},{"text":"Said before."},{"text":"Said before."},{"text":"Said before."},{"text":"Said before."},{"text":"Said before."}]
A
	agents_again "$1" /look
	tap_is "$(agents_end) $(jq -r .session "$AJSON")" "done none $agents_id" \
	    'the next run of an item goes on with its session'
	tap_is "$(agents_results | sed 's/^[1-9][0-9]*$/some/')" some 'the model sees what was done'
	tap_ok 'and answers to it' grep -q 'Said before' "$SAID"
	agents_p=$(jq -r .project.id "$T/run.json")
	rm -r "$HOME_DIR/sandboxes/$agents_p/ws/runs/keep/$ITEM"-*
	agents_again "$1" /look
	tap_is "$(agents_end),$(agents_results)" 'done none,0' 'without its files it starts anew'
	[ -z "$agents_id" ] || tap_not 'in another one' test "$(jq -r .session "$AJSON")" = "$agents_id"
	agents_again "$1" /sealed
	tap_is "$(agents_results)" 0 'another access does not see it'
	find "$HOME_DIR/sandboxes/$agents_p/ws/runs/keep/$ITEM"-*-read -type f -exec truncate -s 20M {} +
	agents_again "$1" /look
	tap_is "$(agents_end),$(agents_results)" 'done none,0' 'one that is too large is not handed back'
}

# What no run may do, whatever the repository says.
agents_harmless()
{
	tap_is "$(sed -n 's/^stub //p' "$ERR" | jq -r .key | sed 's/^Bearer //' | sort -u)" "$KEY" \
	    'each request came by the gateway, with its key'
	tap_is "$(jq -s "[.[] | select(.run == $RID)] | length > 0" "$HOME_DIR/gateway/log/exchanges.jsonl")" true \
	    'and as one of this run'
	tap_not 'the key is in no file of the run' grep -rqF "$KEY" "$HOME_DIR/runs" "$HOME_DIR/log" "$HOME_DIR/sandboxes"
	tap_not 'nothing of the repository ran' grep '^mark ' "$ERR"
	tap_not 'nothing was asked elsewhere' grep '^trap ' "$ERR"
	tap_not 'no token of cofferd came near' grep -rqF "$ADMIN" "$HOME_DIR/runs/$RID"
}
