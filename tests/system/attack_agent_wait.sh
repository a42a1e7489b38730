#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
echo HERE
while [ ! -e /opt/coffer/agents/go ]; do sleep 0.1; done
echo ok >"$COFFER_OUT"
