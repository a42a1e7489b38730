#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
exec 2>&1
echo x >/work/tree/x && echo WROTE
git commit -q --allow-empty -m x
for b in main agent/x "agent/scratch-1" "agent/scrap-$COFFER_RUN"; do
	git push origin "HEAD:refs/heads/$b"
done
echo ok >"$COFFER_OUT"
