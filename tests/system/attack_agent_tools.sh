#!/bin/sh
# What tools that look for a way out of a container look for, without trying it:
# each line is something found.  It runs in a sandbox alone.
[ "$(id -un)" = agent ] && [ -d /run/coffer ] || exit 99
exec 2>/dev/null
found() { echo "$*"; }
# Capabilities, privileges, users.
awk '/^Cap/ && $2 != "0000000000000000" { print "capability " $1 $2 }
    /^NoNewPrivs:/ && $2 != 1 { print "new privileges" }
    /^Seccomp:/ && $2 != 2 { print "no filter" }' /proc/self/status
[ "$(id -u)" != 0 ] || found 'user root'
for g in $(id -Gn); do case $g in docker | sudo | wheel | disk | kvm | lxd | adm | shadow) found "group $g" ;; esac; done
sudo -n true && found sudo
su -c true </dev/null && found su
cp /bin/sh /tmp/.s && chmod 6755 /tmp/.s && [ "$(/tmp/.s -p -c 'id -u')" = 0 ] && found 'setuid works'
rm -f /tmp/.s
# Namespaces of the host: its first process, its names, its other processes.
readlink /proc/1/exe | grep -qE 'systemd|/init$' && found "process 1 is $(readlink /proc/1/exe)"
for p in kthreadd ksoftirqd dockerd containerd cofferd coffer-agentd coffer-router; do
	pgrep -x "$p" >/dev/null && found "process $p"
done
for n in user net mnt pid ipc uts cgroup; do unshare "--$n" true && found "unshare $n"; done
unshare -Ur true && found 'unshare user'
nsenter -t 1 -m true && found 'nsenter'
# Engines, orchestrators, clouds.
for s in /run/docker.sock /var/run/docker.sock /run/podman/podman.sock /run/containerd/containerd.sock \
    /run/crio/crio.sock /run/systemd/private /run/dbus/system_bus_socket /var/run/secrets/kubernetes.io \
    /run/secrets /var/lib/docker /var/lib/kubelet /etc/kubernetes /root/.kube; do
	find "$s" ! -type d | grep -q . && found "there is $s"
done
find / -xdev -type s ! -path '/tmp/*' ! -path '/work/*' ! -path '/run/user/*' | sed 's/^/socket /'
env | cut -d= -f1 | grep -iE 'token|secret|passw|kube|aws|azure|gcp|docker|ssh_auth' | sed 's/^/variable /'
# Devices.
find /dev -type b -o -type c | grep -vxE '/dev/(null|zero|full|random|urandom|tty|console|ptmx|pts/.*)' | sed 's/^/device /'
for d in /dev/mem /dev/kmem /dev/kmsg /dev/kvm /dev/fuse /dev/net/tun /dev/port /dev/disk /dev/mapper; do
	[ -r "$d" ] && [ "$(stat -Lc %t:%T "$d")" != 1:3 ] && found "device $d"
done
mknod /tmp/.d b 7 0 && found mknod
# Settings and memory of the kernel.
for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom \
    /proc/sys/fs/binfmt_misc/register /sys/kernel/uevent_helper /sys/kernel/vmcoreinfo /sys/fs/cgroup/release_agent \
    /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/hostname; do
	(: >>"$f") && found "writable $f"
done
for f in /proc/kcore /proc/kmsg /proc/keys /proc/timer_list /proc/sched_debug /proc/kpagecount /proc/acpi/wakeup /sys/firmware/efi \
    /sys/kernel/debug/x /sys/kernel/security/x /proc/scsi/scsi /sys/fs/bpf/x; do
	head -c 1 "$f" | grep -q . && found "readable $f"
done
find /sys -type f -writable | head -n 5 | sed 's/^/writable /'
find /proc/sys -type f -writable | head -n 5 | sed 's/^/writable /'
find /sys/fs/cgroup -name release_agent | head -n 1 | sed 's/^/there is /'
find /sys/fs/cgroup -writable | head -n 3 | sed 's/^/writable /'
dmesg | head -n 1 | grep -q . && found dmesg
# Mounts: what is of a disk and writable, beside the workspace.
awk '{ for (i = 7; $i != "-"; i++); if ($6 ~ /(^|,)rw(,|$)/ && $(i + 2) ~ /^\/dev\// && $(i + 2) !~ /loop/)
    print "writable mount " $5 }' /proc/self/mountinfo | grep -vxE 'writable mount /(work|run/coffer)(/.*)?' | sort
# A device by itself, also one that masks a file, is of devtmpfs.
awk '{ for (i = 7; $i != "-"; i++); if ($6 ~ /(^|,)rw(,|$)/ && $6 !~ /nosuid/ && $(i + 1) != "devtmpfs") print "without nosuid " $5 }' /proc/self/mountinfo | sort
awk '{ for (i = 7; $i != "-"; i++); print $(i + 1) }' /proc/self/mountinfo | sort -u |
    grep -xE 'debugfs|tracefs|securityfs|bpf|configfs|efivarfs|fusectl|binfmt_misc|nfs4?|cifs|9p|virtiofs' | sed 's/^/mount of /'
for p in / /usr /etc /bin /lib /opt/coffer; do (: >"$p/.x") && found "writable $p"; done
for p in /etc/shadow /etc/gshadow /etc/sudoers /etc/ssh/ssh_host_ed25519_key; do
	head -c 1 "$p" | grep -q . && found "readable $p"
done
# The network.
tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | grep -vxE 'lo|eth0' | sed 's/^/interface /'
perl -MSocket -e 'for ([17, 3, 0x300], [2, 3, 1], [40, 1, 0], [16, 3, 12]) {
	print "socket @$_\n" if socket(my $s, $_->[0], $_->[1], $_->[2]) }'
perl -MIO::Socket::INET -e 'for (qw(169.254.169.254:80 169.254.170.2:80 100.100.100.200:80 10.214.0.1:2375 10.214.0.1:6443
    10.214.0.1:10250 127.0.0.1:2375 127.0.0.1:10255)) {
	print "reaches $_\n" if IO::Socket::INET->new(PeerAddr => $_, Timeout => 1) }'
echo LOOKED
