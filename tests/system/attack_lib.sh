# shellcheck shell=sh disable=SC2034
# attack_lib.sh: a whole system on a home of its own, and an agent that does
# what a test says.  After lib.sh:
#
#	attack_start alpha beta		projects admin/alpha, admin/beta
#					ATTACK_AGENTD: a line for [agentd];
#					ATTACK_BEFORE: a function, before `up`
#	agent_does NAME			the program of every run from now on:
#					attack_agent_NAME.sh; without a name,
#					what stands on the standard input
#	attack_order alpha /plan	an order; RID and ITEM, its run goes on
#	attack_end			waits for it; $T/run.log, $T/run.json

attack_on_exit()
{
	"$O/bin/coffer" down >"$T/down.log" 2>&1
	lib_on_exit
}

coffer() { "$O/bin/coffer" "$@"; }

# attack_start PROJECT...: ATTACK_DNS is the router's name server; URL, ADMIN, HOME_DIR, INST
attack_start()
{
	COFFER_HOME=$T/home
	export COFFER_HOME
	trap attack_on_exit EXIT
	coffer setup >"$T/setup.log" 2>&1 || tap_bail "$(cat "$T/setup.log")"
	sed -i 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
	    "$COFFER_HOME/coffer.conf"
	[ -z "${ATTACK_AGENTD-}" ] || sed -i "/^\[agentd\]/a $ATTACK_AGENTD" \
	    "$COFFER_HOME/coffer.conf"
	[ -z "${ATTACK_DNS-}" ] ||
	    sed -i "s|^\[router\]|[router]\nupstream_dns = $ATTACK_DNS|" \
		"$COFFER_HOME/coffer.conf"
	HOME_DIR=$COFFER_HOME
	INST=$(cat "$HOME_DIR/instance")
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	mkdir -p "$HOME_DIR/agents" "$HOME_DIR/prompts/commands"
	printf '#!/bin/sh\nexec sh /opt/coffer/agents/do\n' \
	    >"$HOME_DIR/agents/agent"
	chmod 755 "$HOME_DIR/agents/agent"
	attack_port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    Listen => 1, LocalAddr => "127.0.0.1")->sockport')
	URL=http://127.0.0.1:$attack_port
	attack_commands
	[ -z "${ATTACK_BEFORE-}" ] || "$ATTACK_BEFORE"
	coffer up -d --listen "127.0.0.1:$attack_port" >"$T/up.log" 2>&1 ||
	    tap_bail "$(cat "$T/up.log" "$HOME_DIR"/log/*.log)"
	for attack_p in "$@"; do
		make_upstream "$attack_p"
		coffer create "$UPSTREAM" --network web --wait -- \
		    /opt/coffer/agents/agent >"$T/create.log" 2>&1 ||
		    tap_bail "$(cat "$T/create.log")"
	done
}

attack_commands()
{
	printf -- '---\ndescription: %s\naccess: %s\n%s\n---\nDo it.\n' \
	    'a read run without a network' read 'network: off' \
	    >"$HOME_DIR/prompts/commands/look.md"
	printf -- '---\ndescription: %s\naccess: %s\n%s\n---\nDo it.\n' \
	    'a write run without a network' write 'network: off' \
	    >"$HOME_DIR/prompts/commands/sealed.md"
	printf -- '---\ndescription: %s\naccess: %s\n%s\n---\nDo it.\n' \
	    'a run without a branch' scratch 'wall: 1m' \
	    >"$HOME_DIR/prompts/commands/scrap.md"
	printf -- '---\ndescription: %s\naccess: %s\n%s\n---\nDo it.\n' \
	    'a run of three seconds' read 'wall: 3s' \
	    >"$HOME_DIR/prompts/commands/short.md"
}

agent_does()
{
	cat ${1:+"$SYSTEM_DIR/attack_agent_$1.sh"} >"$HOME_DIR/agents/do"
}

attack_has_run()
{
	RID=$(coffer run list "$1" --json |
	    jq -r "[.[] | select(.item == $ITEM)] | last | .id // empty")
	[ -n "$RID" ]
}

attack_order()
{
	ITEM=$(coffer issue new "$1" -t 'Do it' -b "$2" --json | jq -r .number)
	wait_for 20 attack_has_run "$1" || tap_bail "no run for #$ITEM"
}

attack_end()
{
	coffer run wait "$RID" --timeout 60s >/dev/null 2>&1
	coffer run logs "$RID" >"$T/run.log" 2>&1
	coffer run show "$RID" --json >"$T/run.json"
}

attack_state() { jq -r .state "$T/run.json"; }

# Every ref of a project, and what it is at.
attack_refs()
{
	git_as "$ADMIN" ls-remote "$URL/admin/$1.git" | sort -k 2
}

# A text in the output of a run that goes on.
attack_says() { coffer run logs "$RID" 2>/dev/null | grep -q "$1"; }

# attack_sink: SINK_PORT, on every address of the host, TCP and UDP, and
# @coffer-sink-PORT; whoever gets there leaves a line in $T/sink.
attack_sink()
{
	: >"$T/sink"
	start "$T/sink.log" perl "$SYSTEM_DIR/attack_sink.pl" "$T/sink"
	wait_for 10 test -s "$T/sink.port" || tap_bail 'no sink'
	SINK_PORT=$(cat "$T/sink.port")
}
