#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
perl -e 'for (1 .. 3000) { $p = fork; last if !defined $p; if (!$p) { sleep 1; exit } $n++ } print "forked $n\n"'
perl -e '$x = "x" x (3 << 30)'
echo "memory $?"
fallocate -l 100G /run/coffer/out/x 2>&1
truncate -s 100G /run/coffer/out/message.md
head -c 60000000 /dev/zero | tr '\0' x
