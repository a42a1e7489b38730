#!/bin/sh
# The router's processes are killed one by one: nothing opens, all comes back.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup
mode 7 web >/dev/null
mode 8 none >/dev/null
ask '{"op":"project.set","id":9,"mode":"off"}' >/dev/null

# pid_of ROLE: of this router, by its parent or the parent's child
pid_of()
{
	case $1 in
	worker) pgrep -P "$(main_pid)" -f '@worker' ;;
	keeper) pgrep -P "$(main_pid)" -f '@keeper.*@stub' ;;
	stub) pgrep -P "$(pid_of keeper)" -f '@stub' ;;
	esac
}
main_pid() { echo "$ROUTER_PID"; }
caps() { awk '/^Cap(Prm|Eff|Amb)/ { print $2 }' "/proc/$1/status" | sort -u; }
netns() { readlink "/proc/$1/ns/net"; }
dns_works() { [ "$(p7 dns 10.214.0.1 ok.test A)" = 'NOERROR 203.0.113.5/30' ]; }

main=$(main_pid)
worker=$(pid_of worker)
stub=$(pid_of stub)
tap_is "$(caps "$main")" 0000000000001000 'the main process has NET_ADMIN alone'
tap_is "$(caps "$worker")" 0000000000000000 'the worker has no capability'
tap_is "$(caps "$stub")" 0000000000000000 'nor has the stub'
for p in $main $worker $stub $(pid_of keeper); do
	tap_is "$(awk '/^Uid/ { print $2, $3, $4 }' "/proc/$p/status")" \
	    '64102 64102 64102' "process $p is not root"
	tap_is "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$p/status")" 1 \
	    'and gains nothing'
done
tap_is "$(awk '/^Seccomp:/ { print $2 }' "/proc/$worker/status")" 2 'the worker is filtered'
tap_is "$(awk '/^Seccomp:/ { print $2 }' "/proc/$stub/status")" 2 'so is the stub'
tap_is "$(awk '/^Seccomp:/ { print $2 }' "/proc/$main/status")" 2 'and the main process'
tap_is "$(netns "$stub")" "$(netns self)" "the stub is in the host's network"
tap_is "$(netns "$worker")" "$(netns "$main")" "the worker in the router's"
tap_ok 'names work' dns_works

kill -9 "$stub"
tap_ok 'after the stub was killed names work again' wait_for 15 dns_works
kill -9 "$worker"
tap_ok 'after the worker too' wait_for 15 dns_works
tap_like "$(p7 http 10.214.0.1 /z)" '*200 OK*' 'and the door to cofferd'
tap_is "$(p8 dns 10.214.0.1 ok.test A)" NXDOMAIN 'the modes are what they were'

rules_of >"$T/rules.before"
in_ns router ipset save | sort >"$T/sets.before"
: >"$SINK"
worker=$(pid_of worker)
keeper=$(pid_of keeper)
stub=$(pid_of stub)
kill -9 "$main"
wait "$main" 2>/dev/null
gone() { ! kill -0 "$1" 2>/dev/null; }
tap_ok 'the worker ends with the main process' wait_for 10 gone "$worker"
tap_ok 'and the keeper' wait_for 10 gone "$keeper"
tap_ok 'and the stub' wait_for 10 gone "$stub"
tap_is "$(p7 connect 10.214.0.1 80)" refused 'nobody answers any more'
tap_is "$(p7 connect 203.0.113.5 25)" refused 'what was closed is closed'
tap_is "$(p7 connect 192.168.77.9 443)" refused 'a private address too'
tap_is "$(p8 connect 203.0.113.5 443)" refused 'and the project in mode none'
tap_is "$(cat "$SINK")" '' 'nothing arrived'
rules_of >"$T/rules.dead"
tap_ok 'the rules have stayed' cmp "$T/rules.before" "$T/rules.dead"

start_router
tap_is "$(grep -c 'adopted=yes' "$T/router.log")" 1 'a new router adopts the namespace'
tap_not 'and finds the rules as they should be' grep -q rules-differed "$T/router.log"
rules_of >"$T/rules.after"
tap_ok 'the rules are equal' cmp "$T/rules.before" "$T/rules.after"
# Creation lines carry a random seed of the hash.
in_ns router ipset save | sort >"$T/sets.after"
grep ^add "$T/sets.before" >"$T/members.before"
grep ^add "$T/sets.after" >"$T/members.after"
tap_ok 'the members are equal' cmp "$T/members.before" "$T/members.after"
tap_is "$(ask '{"op":"projects"}')" \
    '{"ok":true,"projects":[{"id":7,"mode":"web","address":"10.214.1.7"},{"id":8,"mode":"none","address":"10.214.1.8"},{"id":9,"mode":"off","address":"10.214.1.9"}]}' \
    'and so are the projects'
tap_ok 'names work' wait_for 10 dns_works
tap_is "$(p7 connect 203.0.113.5 443)" connected 'and connections'
tap_is "$(p8 dns 10.214.0.1 ok.test A)" NXDOMAIN 'and refusals'

# Somebody tampers with the rules while no router runs.
kill -9 "$ROUTER_PID"
wait "$ROUTER_PID" 2>/dev/null
in_ns router iptables -I FORWARD -j ACCEPT
start_router
tap_ok 'changed rules are noticed' grep -q rules-differed "$T/router.log"
rules_of >"$T/rules.again"
tap_ok 'and put right' cmp "$T/rules.before" "$T/rules.again"
tap_not 'a second router is refused' timeout 10 "$O/bin/coffer-router" --home "$HOME_DIR"
tap_ok 'the first still answers' router_answers

# Without its keeper the router cannot ask names any more: it ends, to be
# started again by its supervisor, and leaves the rules.
keeper=$(pid_of keeper)
kill -9 "$keeper"
wait "$ROUTER_PID"
tap_is "$?" 1 'the router ends when its keeper was killed'
rules_of >"$T/rules.keeper"
tap_ok 'and leaves the rules' cmp "$T/rules.before" "$T/rules.keeper"
start_router
tap_ok 'a new one is whole' wait_for 10 dns_works

# Killed before it gives its namespace a name: nothing is left.
stop_pid "$ROUTER_PID"
"$O/bin/coffer-router" --home "$HOME_DIR" --teardown
env COFFER_FAIL=router_before_publish "$O/bin/coffer-router" --home "$HOME_DIR" \
    >"$T/fail.log" 2>&1
tap_not 'a start that was killed leaves no name' \
    test -e "/run/netns/coffer-$INST-router"
start_router
tap_ok 'and the next start works' router_answers
tap_done
