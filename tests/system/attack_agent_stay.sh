#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
trap '' TERM HUP INT
(setsid sleep 86333 &)
(setsid sh -c 'trap "" TERM; while :; do sleep 86333; done' &)
while :; do sleep 1; done
