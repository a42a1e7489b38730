#!/bin/sh
# systemd_boot.sh FOLDER: for slow_systemd.t, in new namespaces of everything
# but users.  Makes FOLDER/root, the host's /usr with FOLDER/usr over it and
# nothing else of the host, and becomes its systemd.
set -eu
over=$1
root=$over/root

mount --make-rprivate /
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p usr up work proc sys dev run tmp var/lib var/log etc srv root old
chmod 1777 tmp
chmod 700 root
for dir in bin lib lib64 sbin; do ln -s "usr/$dir" "$dir"; done
mount -t overlay -o "lowerdir=$over/usr:/usr,upperdir=up,workdir=work" usr usr
mount -t tmpfs -o mode=755 tmpfs run
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sysfs sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mode=1
else
	mode=0
	mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
	while IFS=: read -r _ names _; do
		[ -n "$names" ] || continue
		what=$names
		[ "$names" = "${names#name=}" ] || what=none,$names
		mkdir "sys/fs/cgroup/${names#name=}"
		mount -t cgroup -o "$what" cgroup "sys/fs/cgroup/${names#name=}"
	done </proc/self/cgroup
fi

for name in ld.so.cache ld.so.conf ld.so.conf.d ssl alternatives \
    nsswitch.conf login.defs group; do
	[ ! -e "/etc/$name" ] || cp -a "/etc/$name" etc/
done
grep -v '^coffer' /etc/group >etc/group
grep -E '^(root|nobody|daemon|sshd|_apt):' /etc/passwd >etc/passwd
echo '127.0.0.1 localhost' >etc/hosts
: >etc/machine-id
units=etc/systemd/system
mkdir -p "$units/multi-user.target.wants"
ln -s /usr/local/lib/systemd/system/coffer.target "$units/multi-user.target.wants/"
# What packages of the host would start has nothing to do with it.
for unit in getty.target systemd-journald.service systemd-journald.socket \
    systemd-journald-dev-log.socket systemd-journal-flush.service \
    systemd-udevd.service systemd-udev-trigger.service systemd-logind.service \
    dbus.service dbus.socket systemd-networkd.service systemd-resolved.service \
    systemd-timesyncd.service systemd-modules-load.service \
    systemd-sysctl.service dev-hugepages.mount dev-mqueue.mount \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    sys-fs-fuse-connections.mount ssh.service nginx.service docker.service \
    docker.socket containerd.service podman.socket cron.service; do
	ln -s /dev/null "$units/$unit"
done

pivot_root . old
umount -l old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=$mode systemd.legacy_systemd_cgroup_controller=1" \
    /lib/systemd/systemd --system --log-target=console
