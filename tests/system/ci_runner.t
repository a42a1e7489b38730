#!/bin/sh
# coffer-runner with jobs that want to be something else: verdicts, bounds and
# what is left of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'

ci_start
PORT=${URL##*:}
ci_checks <<CHECKS
checks:
  - {name: plain, test: cat a.txt && ls -A}
  - {name: marker, test: "printf '%s\\\\n' '== passed: exit status 0' ---RESULTS--- TEST_RC=0 '::set-output'; exit 3"}
  - {name: edits, test: "rm -rf /work/tree/* && mkdir -p x && ln -sf / x/root && echo 'exit 0' >a.txt; exit 5"}
  - {name: proc, test: "grep -saE 'Bearer|lease|TOKEN' /proc/[0-9]*/environ /proc/[0-9]*/cmdline | grep -av grep && exit 9; [ \$(ls -d /proc/[0-9]* | wc -l) -lt 12 ] && ! ls /proc/1/root/home/root 2>/dev/null && ! echo 1 2>/dev/null >/proc/sys/kernel/panic"}
  - {name: daemon, test: "setsid sleep 3000 & setsid nohup sh -c 'while :; do sleep 1; done' >/dev/null 2>&1 & exit 0"}
  - {name: disk, test: "dd if=/dev/zero of=big bs=1M count=3000; exit 7"}
  - {name: pids, test: "i=0; while [ \$i -lt 3000 ]; do sleep 60 & i=\$((i+1)); done; exit 0"}
  - {name: loud, test: "head -c 1073741824 /dev/zero | tr '\\\\0' x; echo the end; exit 6"}
  - {name: forever, timeout: 3s, test: "trap '' TERM INT; while :; do sleep 1; done"}
  - {name: net, test: "[ \$(grep -c : /proc/net/dev) = 1 ] || exit 8; for a in 127.0.0.1/$PORT 10.214.0.1/3000 192.168.0.1/80 1.1.1.1/443; do timeout 3 bash -c \"exec 3<>/dev/tcp/\$a\" 2>/dev/null && exit 9; done; exit 0"}
  - {name: host, test: "touch /usr/x 2>/dev/null && exit 1; mount -t tmpfs x /mnt 2>/dev/null && exit 2; cat /etc/shadow 2>/dev/null && exit 3; ls $T 2>/dev/null && exit 4; mknod d b 7 0 2>/dev/null && exit 5; unshare -Ur true 2>/dev/null && exit 6; dmesg >/dev/null 2>&1 && exit 10; exit 0"}
  - {name: sockets, test: "[ -z \"\$(find / -xdev -type s 2>/dev/null)\" ] && [ ! -e /run/docker.sock ] && [ ! -e /var/run/docker.sock ] && ! ls /proc/*/root/run/*.sock 2>/dev/null"}
  - {name: alone, test: "[ \"\$(ls /work)\" = tree ] && [ ! -e .git ] && ! env | grep -iE 'token|secret|coffer_home' && cp /bin/sh s && chmod 4755 s && grep -q ' /work/tree .*nosuid' /proc/self/mounts && grep -q ' /work/tree .*nodev' /proc/self/mounts"}
  - {name: memory, limits: {memory: 64M}, test: "tail /dev/zero"}
  - {name: setup, setup: "echo no >&2; exit 4", network: {setup: "off"}, test: exit 0}
  - {name: signal, test: "kill -9 \$\$"}
CHECKS
ci_runner r1 'slots = 2' 'disk = 64M' 'pids = 128'
tap_is "$(stat -c %a "$T/r1/runner/registration")" 600 \
    "the secret is the runner's alone"
tap_not grep -rq "$(jq -r .secret "$T/r1/runner/registration")" "$HOME_DIR/db"
tap_not "$O/bin/coffer-runner" --register "$URL" x --home "$T/r1"
ci_pull attack
tap_ok 'every job ends' wait_for 120 ci_ended "$PULL"
verdict() { ci_job "$1" '"\(.state) \(.phase) \(.exit_code) \(.signal)"'; }
is() { tap_is "$(verdict "$1")" "$2" "$3"; }
is plain 'passed test 0 null' 'a plain one passes'
tap_like "$(ci_log plain)" '*one*a.txt*' 'and says what it printed'
is marker 'failed test 3 null' 'what is printed is no verdict'
is edits 'failed test 5 null' 'who edits its checkout gets its own exit status'
is proc 'passed test 0 null' '/proc has nothing but its own'
is daemon 'passed test 0 null' 'daemons hold nothing up'
is disk 'failed test 7 null' 'a full disk is its own'
tap_like "$(ci_log disk)" '*No space left*' 'and it is told so'
tap_is "$(ci_job pids .state)" failed 'so are too many processes'
is loud 'failed test 6 null' 'a gigabyte of output'
tap_is "$(ci_log loud | tail -n 3 | tr '\n' ' ' | sed 's/.*xx//')" 'the end == failed: test: exit status 6 ' 'is kept to its end'
tap_like "$(ci_log loud | grep -a 'not kept')" '*bytes of the output are not kept*' 'without what is told'
tap_ok 'is kept in part' [ "$(stat -c %s "$HOME_DIR/logs/jobs/$(ci_job loud .id).log")" -lt 35000000 ]
tap_is "$(ci_job forever .state)" timed_out 'what sleeps for ever is timed out'
is net 'passed test 0 null' 'there is no network'
is host 'passed test 0 null' 'the host is out of reach'
is sockets 'passed test 0 null' 'no socket of the host is to be seen'
is alone 'passed test 0 null' 'nor git, a token, another job; nosuid, nodev'
tap_is "$(ci_job memory .state)" out_of_memory 'out of memory is told'
is setup 'setup_failed setup 4 null' 'a setup that fails is that'
is signal 'failed test 137 null' 'a signal is a failure'
api GET "$R/commits/$SHA/status"
tap_is "$(field '[.statuses[] | select(.context | startswith("ci/")) | .status] | group_by(.) | map("\(.[0]) \(length)") | join(", ")')" \
    'failure 9, success 7' 'each is posted, once'
tap_is "$(field '[.statuses[].creator.login] | unique | join(" ")')" runner-r1 \
    "by the runner's account"
tap_ok 'nothing is left' wait_for 20 ci_clean "$T/r1"
jq -r '.[] | "# \(.name) \(.state) \(.started_at) \(.ended_at) \(.why)"' "$T/jobs.json"
tap_done
