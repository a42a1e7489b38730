#!/bin/sh
# The server's own runner with a router: a setup has the network that its check
# says, by default what its presets let out, and the test has none.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack_lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'

ATTACK_AGENTD=
attack_start
make_project
R=/api/v1/repos/$PROJECT
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
# shellcheck disable=SC2016 # the check expands them
ci_checks <<'CHECKS'
checks:
  - name: locked
    presets: [debian]
    setup: grep -c ':' /proc/net/dev; cat /proc/net/dev
    test: "[ $(grep -c ':' /proc/net/dev) = 1 ]"
  - name: web
    network: {setup: web, test: locked}
    setup: "[ $(grep -c ':' /proc/net/dev) = 2 ]"
    test: "[ $(grep -c ':' /proc/net/dev) = 2 ] && ! timeout 5 bash -c 'exec 3<>/dev/tcp/192.0.2.1/443'"
  - name: closed
    network: {setup: "off"}
    setup: "[ $(grep -c ':' /proc/net/dev) = 1 ]"
    test: "true"
CHECKS
ci_pull net
tap_ok 'all end' wait_for 90 ci_ended "$PULL"
for n in locked web closed; do
	tap_is "$(ci_job $n '"\(.state) \(.why)"')" 'passed exit status 0' "$n passes"
done
tap_is "$(ci_log locked | sed -n 2p)" 2 'a setup has a link by default, the test has none'
tap_is "$(ci_job locked .runner.name)" local "by the server's own runner"
"$O/bin/coffer" runner list >"$T/runners"
tap_like "$(cat "$T/runners")" '*local*' 'coffer runner list shows it'
tap_ok 'an invitation' "$O/bin/coffer" runner add r9 --labels gpu --slots 3
"$O/bin/coffer" runner list >"$T/runners"
tap_like "$(cat "$T/runners")" '*r9*invited*gpu*' 'is shown as one'
tap_ok 'it is paused' "$O/bin/coffer" runner pause r9
tap_ok 'and removed' "$O/bin/coffer" runner remove r9
tap_not sh -c "'$O/bin/coffer' runner list | grep r9"
tap_done
