#!/bin/bash
# The main job, start to end: `make demo`.
#   KEEP=1        leave it running and print the address
#   UPSTREAM=URL  mirror that repository too
#   O=DIR         the build to use
#   AGENT=CLI     claude, codex, opencode, goose or the path of a program
#                 works instead of the script; the key is ANTHROPIC_API_KEY or
#                 OPENAI_API_KEY, the address *_BASE_URL, the model AGENT_MODEL
#   AGENT_WAIT=S  the longest wait for it (900)
#   AGENT_STUB=1  no key: the CLI talks to a stub of a model in its sandbox
#                 (AGENT_STUB=first: whose first edit is right)
set -u
# After a plain su, root's PATH may lack these.
PATH=$PATH:/usr/sbin:/sbin
umask 022
# A signal may come while a function's output goes elsewhere.
exec 3>&1
repo=$(cd "$(dirname "$0")/../.." && pwd)
bin=$repo/${O:-build/debug}/bin
case ${O-} in /*) bin=$O/bin ;; esac
here=$repo/tests/demo
agent=demo-agent
# shellcheck source=tests/demo/agent.sh
. "$here/agent.sh"

[ -n "${AGENT_BIN-}" ] || agent_find
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null; then
		exec sudo --preserve-env=O,KEEP,UPSTREAM,AGENT,AGENT_BIN,AGENT_NODE,AGENT_WAIT,AGENT_STUB,AGENT_MODEL,ANTHROPIC_API_KEY,ANTHROPIC_BASE_URL,OPENAI_API_KEY,OPENAI_BASE_URL "$0" "$@"
	fi
	echo 'make demo: sandboxes need root; run it as root' >&2
	exit 1
fi

agent_check
agent_wait=90
[ -z "${AGENT-}" ] || agent_wait=${AGENT_WAIT:-900}
[[ $agent_wait =~ ^[1-9][0-9]{0,5}$ ]] || agent_stop 'AGENT_WAIT is a number of seconds'

top=$(mktemp -d /tmp/coffer-demo.XXXXXX)
chmod 711 "$top"
export COFFER_HOME=$top/home
unset COFFER_URL COFFER_TOKEN
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
began=$(date +%s%N)
pids=()
inst=

now() { echo $((($(date +%s%N) - began) / 1000000)); }
stamp() { printf '%3d.%01ds' $(($1 / 1000)) $(($1 % 1000 / 100)); }
step() { printf '\n\033[1m[%s] %s\033[0m\n' "$(stamp "$(now)")" "$*"; }
show() { sed 's/^/        /'; }
say() { printf '        %s\n' "$*"; }
fail() {
	printf '\nFAILED: %s\n' "$*"
	for f in "$COFFER_HOME"/log/*.log; do
		[ -s "$f" ] || continue
		echo "--- the end of ${f##*/}"
		tail -n 25 "$f"
	done
	exit 1
}
coffer() { "$bin/coffer" "$@" 3>&-; }
# Runs a command, shows what it says, and ends as it ended.
shown() {
	"$@" >"$top/shown" 2>&1
	local rc=$?
	show <"$top/shown"
	return "$rc"
}

# Nothing of ours may stay: named here, so that it can be looked for.
leftovers() {
	[ -n "$inst" ] || return 0
	ip netns list 2>/dev/null | grep "coffer-$inst" && return 1
	ip -o link 2>/dev/null | grep "cf$inst" && return 1
	grep "$top" /proc/self/mounts && return 1
	losetup -a | grep "$top" && return 1
	iptables-save 2>/dev/null | grep "COFFER-$inst" && return 1
	find /sys/fs/cgroup -maxdepth 3 -type d -name "coffer-$inst*" 2>/dev/null | grep . && return 1
	pgrep -af -- "$top" | grep -v pgrep && return 1
	return 0
}

cleanup() {
	rc=$?
	exec >&3 2>&1
	trap - EXIT
	trap '' INT TERM HUP
	if [ "${KEEP-}" = 1 ] && [ "$rc" = 0 ]; then
		step "KEEP=1: it goes on"
		say "address:  $url"
		say "token:    $COFFER_HOME/secrets/admin.token"
		say "command:  COFFER_HOME=$COFFER_HOME $bin/coffer status"
		say "the end:  COFFER_HOME=$COFFER_HOME $bin/coffer down; kill ${pids[*]}; rm -rf $top"
		exit 0
	fi
	[ -d "$COFFER_HOME" ] && "$bin/coffer" down >"$top/down.log" 2>&1 || cat "$top/down.log" 2>/dev/null
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	# The kernel lets go of a loop device a moment after its last mount.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		left=$(leftovers) && break
		sleep 0.3
	done
	if left=$(leftovers); then
		[ "$rc" != 0 ] || step 'everything is stopped: no namespace, link, mount, loop device, chain, cgroup or process is left'
	else
		printf '\nFAILED: left behind:\n%s\n' "$left"
		rc=1
	fi
	rm -rf "$top"
	if [ "$rc" = 0 ]; then
		step 'that was the main job'
		echo 'demo: ok'
	else
		printf '\ndemo: failed\n'
		rc=1
	fi
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# Wait until a command succeeds: until_ok SECONDS WHAT COMMAND...
until_ok() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "$what did not happen in time"
		sleep 0.1
	done
}

# The n-th run of an item: nth ITEM N
nth() { coffer run list tally --json 2>/dev/null | jq -r "[.[] | select(.item == $1)] | sort_by(.id) | .[$2 - 1].id // empty"; }
have_run() { [ -n "$(nth "$1" "$2")" ]; }
run_is() { [ "$(coffer run show "$1" --json | jq -r .state)" = "$2" ]; }
run_over() { coffer run show "$1" --json | jq -e '.state | IN("done","failed","cancelled","timed_out")'; }
check_is() { coffer pr gate tally "$1" --json | jq -e ".requirements[] | select(.id == \"check:test\") | .met == $2"; }
check_ended() { coffer check list tally "$1" --json | jq -e --arg sha "$2" \
    '[.[] | select(.sha == $sha and (.state | IN("queued","running") | not))] | length > 0'; }
merge_refused() {
	coffer pr merge tally "$pr" >"$top/merge.log" 2>&1
	[ $? = 3 ] || { cat "$top/merge.log"; fail "the merge of $1 was not refused"; }
	show <"$top/merge.log"
}
head_of() { git --git-dir "$top/up/tally.git" rev-parse "$1"; }
as_admin() { GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$url/.extraHeader" \
    GIT_CONFIG_VALUE_0="Authorization: Bearer $(cat "$COFFER_HOME/secrets/admin.token")" "$@"; }
work_tip() { as_admin git ls-remote "$url/admin/tally.git" "refs/heads/$1" | cut -f1; }

step 'two upstreams, served over smart HTTP by git http-backend on loopback'
mkdir -p "$top/up"
"$here/upstream.sh" "$top/up/tally.git" || fail 'the upstream could not be written'
self='' shallow=$(git -c safe.directory='*' -C "$repo" rev-parse --is-shallow-repository 2>/dev/null)
case $shallow in
false)
	git -c safe.directory='*' clone -q --bare --no-local "$repo" "$top/up/cofferdam.git" 2>"$top/clone.log" && self=1 || show <"$top/clone.log"
	# A checkout of a commit, as CI makes it, has no branch: give it one.
	[ -z "$self" ] || git -C "$top/up/cofferdam.git" symbolic-ref -q HEAD >/dev/null || {
		git -C "$top/up/cofferdam.git" branch -f checkout "$(git -c safe.directory='*' -C "$repo" rev-parse HEAD)"
		git -C "$top/up/cofferdam.git" symbolic-ref HEAD refs/heads/checkout
	}
	;;
true)
	say "this checkout is shallow: its own history is left out"
	git -c safe.directory='*' clone -q --bare --no-local "$repo" "$top/up/shallow.git" 2>"$top/clone.log" || show <"$top/clone.log"
	;;
*) say 'this is no git checkout: its own history is left out' ;;
esac
perl "$here/git-http.pl" "$top/up" "$top/up.port" >/dev/null 2>&1 3>&- &
pids+=($!)
until_ok 10 'the upstream server' test -s "$top/up.port"
upstream=http://127.0.0.1:$(cat "$top/up.port")
say "$upstream/tally.git: $(git -C "$top/up/tally.git" rev-list --count main) commits"
[ -z "$self" ] || say "$upstream/cofferdam.git: $(git -C "$top/up/cofferdam.git" rev-list --count --all) commits, this checkout's own history"

step 'coffer setup; coffer up -d'
coffer setup >"$top/setup.log" 2>&1 || { cat "$top/setup.log"; fail 'coffer setup'; }
inst=$(cat "$COFFER_HOME/instance")
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1")->sockport')
coffer up -d --listen "127.0.0.1:$port" >"$top/upd.log" 2>&1 || { cat "$top/upd.log"; fail 'coffer up'; }
url=http://127.0.0.1:$port
coffer status 2>&1 | show

# The agent's program, and a listener on the host that must stay untouched.
mkdir -p "$COFFER_HOME/agents"
agent_install
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 8, LocalAddr => "0.0.0.0") or die;
	open(my $f, ">", "$ARGV[0].port"); print $f $l->sockport; close $f;
	while (my $c = $l->accept) { open(my $o, ">>", "$ARGV[0].hits"); print $o $c->peerhost, "\n"; close $o; close $c }' \
    "$top/sink" >/dev/null 2>&1 3>&- &
pids+=($!)
until_ok 10 'the listener' test -s "$top/sink.port"
cat >"$COFFER_HOME/agents/demo.env" <<V
DEMO_HOST_ADDRESSES="$(ip -4 -o addr show scope global | awk '{sub("/.*", "", $4); print $4}' | tr '\n' ' ')10.214.0.1"
DEMO_PORT=$(cat "$top/sink.port")
DEMO_PAUSE=4
V
: >"$COFFER_HOME/agents/demo.hold"

if [ -n "$self" ]; then
	step "mirror this checkout's own history"
	shown coffer create "$upstream/cofferdam.git" --no-start --wait || fail 'the mirror'
	as_admin git clone -q "$url/admin/cofferdam.git" "$top/self" || fail 'clone of the mirror'
	a=$(git -C "$top/up/cofferdam.git" rev-parse HEAD) b=$(git -C "$top/self" rev-parse HEAD)
	[ "$a" = "$b" ] || fail "the clone's HEAD $b is not upstream's $a"
	say "cloned back: $(git -C "$top/self" rev-list --count HEAD) commits, $(du -sh "$top/self/.git" | cut -f1), HEAD as upstream's"
fi
if [ -d "$top/up/shallow.git" ]; then
	step 'an upstream that is shallow, as this checkout is, is refused'
	shown coffer create "$upstream/shallow.git" --no-start --wait && fail 'a shallow upstream was mirrored'
	grep -q shallow "$top/shown" || fail 'the refusal does not say why'
	shown coffer destroy shallow --yes || fail 'coffer destroy'
fi
if [ -n "${UPSTREAM-}" ]; then
	step "mirror $UPSTREAM"
	shown coffer create "$UPSTREAM" --no-start --wait || fail "the mirror of $UPSTREAM"
fi

step 'mirror the upstream in which the agent works, and start its sandbox'
shown coffer create "$upstream/tally.git" --network web --agent command --wall "${agent_wait}s" --wait \
    -- "/opt/coffer/agents/$agent" || fail 'coffer create'
[ "$(coffer status tally --json | jq -r '.project.sandbox.state')" = running ] || fail 'the sandbox does not run'
project=$(coffer status tally --json | jq -r .project.id)
agent_give_key "$project"
base=$(work_tip main)
[ "$base" = "$(head_of main)" ] || fail 'main is not what upstream has'

step 'issue #1: /plan, answered without a change'
coffer issue new tally -t 'Words separated by two blanks are counted twice' -b '/plan' 2>&1 | show
until_ok 60 'a run for issue #1' have_run 1 1
coffer run wait "$(nth 1 1)" --timeout "${agent_wait}s" 2>&1 | show
run_is "$(nth 1 1)" "done" || { coffer run logs "$(nth 1 1)"; fail 'the plan'; }
coffer run logs "$(nth 1 1)" | show
coffer issue show tally 1 | show
[ "$(as_admin git ls-remote "$url/admin/tally.git" 'refs/heads/*' | wc -l)" = 1 ] || fail 'a read run made a branch'
coffer run logs "$(nth 1 1)" | grep -q 'the tree is read-only' || fail 'the tree was not read-only'

step 'issue #2: /fix; cofferd and agentd are killed while the agent works'
coffer issue new tally -t 'Count words, not blanks' -b "/fix

printf 'a  b' counts three words; see #1." 2>&1 | show
until_ok 60 'a run for issue #2' have_run 2 1
fix=$(nth 2 1)
until_ok 60 "the agent's start" run_is "$fix" running
sleep 1
agent_key_in_argv
run_is "$fix" running || fail 'the agent was done before the kill'
for p in cofferd coffer-agentd; do
	pid=$(pgrep -f "^$bin/$p .*--home $COFFER_HOME" | head -n 1)
	[ -n "$pid" ] || fail "no process $p"
	kill -9 "$pid" && say "kill -9 $p ($pid)"
done
until_ok 30 'cofferd again' coffer status
until_ok "$agent_wait" 'the end of the run' run_over "$fix"
sed -i 's/^DEMO_PAUSE=.*/DEMO_PAUSE=/' "$COFFER_HOME/agents/demo.env"
coffer run logs "$fix" | show
run_is "$fix" "done" || fail "the run ended $(coffer run show "$fix" --json | jq -c '[.state,.why]')"
[ "$(coffer run list tally --json | jq '[.[] | select(.item == 2)] | length')" = 1 ] || fail 'the order was run twice'
say 'one order, one run, over two crashes'

step 'what the agent may not do'
[ "$(work_tip main)" = "$base" ] || fail 'main moved'
coffer run logs "$fix" | grep -q 'push to main refused' || fail 'the push to main was not refused'
coffer run logs "$fix" | grep -- '-agent: push to main' | show
coffer run logs "$fix" | grep -- '-agent: connection' | show
[ ! -e "$top/sink.hits" ] || fail "the listener on the host was reached: $(cat "$top/sink.hits")"
coffer run logs "$fix" | grep -q 'refused' || fail 'no refusal in the log'
say 'the listener on the host saw no connection; main did not move'

step 'its pull request, and the check'
pr=$(coffer run show "$fix" --json | jq -r '.pull // empty')
[ -n "$pr" ] || fail 'the run made no pull request'
head=$(work_tip agent/fix-2)
until_ok 120 'the check' check_ended "$pr" "$head"
coffer pr show tally "$pr" | show
wakes=0
if [ "$agent" = real-agent ] && check_is "$pr" true >/dev/null; then
	say 'green at the first try: no red check to wake the agent with'
else
	check_is "$pr" false >/dev/null || fail 'the check should be red'
	merge_refused 'a red head'
	say 'merge refused (exit 3)'
fi
rm "$COFFER_HOME/agents/demo.hold"
until check_is "$pr" true >/dev/null; do
	wakes=$((wakes + 1))
	[ $wakes = 1 ] || [ "$agent" = real-agent ] || fail 'the check should be green'
	[ $wakes -le 3 ] || fail 'the check is red after three more tries: this model did not fix it'
	step 'the red check wakes the agent; it pushes again'
	until_ok 60 'the next run' have_run "$pr" $wakes
	again=$(nth "$pr" $wakes)
	until_ok "$agent_wait" 'the end of the next run' run_over "$again"
	coffer run logs "$again" | show
	run_is "$again" "done" || fail "the run ended $(coffer run show "$again" --json | jq -c '[.state,.why]')"
	first=$head
	head=$(work_tip agent/fix-2)
	[ "$head" != "$first" ] || fail 'nothing was pushed'
	until_ok 120 'the next check' check_ended "$pr" "$head"
done

step 'green, but not approved'
merge_refused 'a head without approval'

step 'approved, merged'
coffer pr approve tally "$pr" 2>&1 | show
coffer pr merge tally "$pr" >"$top/merge.log" 2>&1 || { cat "$top/merge.log"; fail 'the merge'; }
show <"$top/merge.log"
merged=$(work_tip main)
[ "$merged" != "$base" ] || fail 'main did not move'
say "main: $(echo "$base" | cut -c1-10) -> $(echo "$merged" | cut -c1-10)"

step 'coffer fetch into the real clone: checked, applied, unstaged'
git clone -q "$upstream/tally.git" "$top/real" || fail 'the real clone'
(
	cd "$top/real" || exit 1
	git config user.name Ada
	git config user.email ada@example.org
	"$bin/coffer" fetch --project tally agent/fix-2 2>&1
) >"$top/fetch.log"
rc=$?
show <"$top/fetch.log"
[ "$rc" = 0 ] || fail "coffer fetch ended $rc"
git -C "$top/real" diff --cached --quiet || fail 'something is staged'
git -C "$top/real" status --short | show
as_admin git clone -q "$url/admin/tally.git" "$top/merged" || fail 'clone of what was merged'
diff -r -x .git "$top/real" "$top/merged" || fail 'what arrived is not what was merged'
if [ "$agent" = demo-agent ]; then
	make -s -C "$top/real" check check-wc >"$top/make.log" 2>&1 || { cat "$top/make.log"; fail 'the tests in the real clone'; }
	say 'make check check-wc passes in the real clone'
else
	say "byte for byte what was merged; nobody read it, so nothing of it runs on this host"
fi

step 'what stays'
coffer status 2>&1 | show
coffer run list tally | show
agent_key_elsewhere "$project"
exit 0
