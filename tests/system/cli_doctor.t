#!/bin/bash
# coffer doctor beside a whole system: a command runs in a real sandbox, and
# what hinders that is told.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

check() { jq -r ".checks[] | select(.name == \"$1\") | .$2" "$T/out"; }
doctor() { coffer doctor --json "$@" >"$T/out" 2>"$T/err"; RC=$?; }
projects() { coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep -c oneshot; }
gone() { [ "$(projects)" -eq 0 ]; }

attack_start
doctor
tap_is "$RC" 0 'nothing failed'
tap_is "$(check sandbox state)" ok 'a command ran in a sandbox'
tap_is "$(jq -r '[.checks[] | select(.name == "supervisor" and .state == "ok")] | length' "$T/out")" 5 'five programs are up'
tap_ok 'nothing of it is left' wait_for 60 gone
tap_is "$(find /tmp -maxdepth 1 -name 'coffer-doctor.*' | wc -l)" 0 'no folder of it either'
doctor --no-sandbox
tap_is "$(check sandbox state)" skipped '--no-sandbox'
doctor --dry-run
tap_is "$(check sandbox state)" skipped '--dry-run runs none'
tap_is "$(jq -r '.checks[] | select(.state != "ok" and .state != "skipped" and .fix == null) | .name' "$T/out")" '' \
    'whatever is not right has its fix'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/out" "$T/err"
tap_done
