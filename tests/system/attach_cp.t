#!/bin/sh
# coffer cp: files and trees both ways; what a sandbox puts in the way is not
# followed here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/attach_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 37
attach_up calc
cd "$T" || exit 1
inside() { coffer exec calc -- sh -c "$1" </dev/null; }

# In.
head -c 5000000 /dev/urandom >big
run cp big calc:
tap_is "$RC $(cat "$T/err")" '0 1 files, 0 folders, 5000000 bytes' 'a file in'
tap_is "$(inside 'sha256sum </work/big')" "$(sha256sum <big)" 'is whole'
run cp big calc:/work/other
tap_is "$(inside 'stat -c "%U %s" /work/other')" 'agent 5000000' 'under another name'
mkdir -p tree/a/b tree/empty tree/.git
printf '#!/bin/sh\necho hi\n' >tree/a/b/tool
chmod 755 tree/a/b/tool
echo x >tree/x
echo '[core]' >tree/.git/config
ln -s /etc/passwd tree/link
mkfifo tree/pipe
run cp tree admin/calc:
tap_is "$RC" 0 'a tree in'
tap_is "$(inside 'cd /work/tree; find . | LC_ALL=C sort | tr "\n" " "; a/b/tool')" \
    '. ./a ./a/b ./a/b/tool ./empty ./x hi' 'but links, pipes, .git'
tap_is "$(grep -c '^left out' "$T/err")" 3 'which is told'
run cp tree calc: --git
tap_is "$(inside 'cat /work/tree/.git/config')" '[core]' 'a second time, with .git'
ln -s tree tree-link
run cp tree-link calc:
tap_is "$RC" 1 'a link is not followed'
run cp nowhere calc:
tap_is "$RC" 4 'what is not there'
run cp big calc:/etc/big
tap_is "$RC" 1 'where its user may not write'
run cp big calc:/nowhere/big
tap_is "$RC" 4 'a folder that is not there'

# Out.
run cp calc:big big.back
tap_is "$RC" 0 'a file out'
tap_ok 'is whole' cmp big big.back
echo mine >mine
run cp calc:/work/tree/x mine
tap_is "$RC $(cat mine)" '1 mine' 'what is here stays'
run cp calc:/work/tree/x mine --force
tap_is "$RC $(cat mine)" '0 x' 'unless forced'
mkdir into
run cp calc:/work/tree into
tap_is "$RC $(cd into/tree && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
    '0 ./a/b/tool ./x ' 'a tree out, without .git'
tap_ok 'what is run can be run' test -x into/tree/a/b/tool
run cp calc:/work/tree into
tap_is "$RC" 1 'not over a folder that is here'
run cp calc:/work/tree into --force --json
tap_is "$RC $(jq -c '[.files, .skipped]' "$T/out")" '0 [2,1]' 'unless forced'
run cp calc:/work/tree into/new
tap_ok 'under another name' test -f into/new/a/b/tool
# The folder of runs is nobody's but root's.
run cp calc:/work whole
tap_is "$RC $(test -d whole/runs || grep -c '^left out: whole/runs: ' "$T/err")" '0 1' 'all of it, but what its user may not read'
tap_ok 'whole' test -s whole/big

# Hostile.
inside 'mkdir /work/evil; cd /work/evil
ln -s /etc/shadow shadow; ln -s .. up; mkfifo pipe; mkdir d
printf x >"$(printf "a\033]0;t\007b")"; printf x >"$(printf "back\\\\slash")"
chmod 4755 "$(printf "back\\\\slash")"; mkdir -p .Git/hooks; echo x >.Git/hooks/pre-commit
perl -e '"'"'for (1..80) { mkdir "d"; chdir "d" }'"'"
run cp calc:/work/evil grab
tap_is "$RC" 0 'a hostile tree'
[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
tap_is "$(find grab -type l -o -type p | wc -l)" 0 'no link, no pipe'
tap_is "$(find grab -perm /7000 | wc -l)" 0 'no setuid'
tap_not 'no .git in any spelling' test -e grab/.Git
tap_is "$(find grab -type d | awk -F/ '{ if (NF > m) m = NF } END { print m }')" 64 \
    'as deep as may be'
mkdir -p victim trap
ln -s ../victim trap/evil
echo keep >victim/keep
run cp calc:/work/evil trap --force
tap_is "$RC $(ls victim)" '1 keep' 'a link here is not followed'
inside 'truncate -s 20G /work/huge' || inside 'truncate -s 1G /work/huge'
run cp calc:/work/huge huge --max 10M
tap_is "$RC $(find . -maxdepth 1 -name 'huge' -o -maxdepth 1 -name '.coffer-*')" '1 ' \
    'too much is cut and nothing of it stays'
run cp calc:/proc/version env
tap_is "$RC" 0 'a file without a size'
run cp calc:/dev/zero zero
tap_is "$RC" 1 'a device is no file'

# Interrupted.
"$O/bin/coffer" cp calc:/work/huge huge2 --max 30G 2>"$T/err" &
CP=$!
begun() { [ -n "$(find "$T" -maxdepth 1 -name '.coffer-*' -size +1M)" ]; }
tap_ok 'a long copy' wait_for 20 begun
kill -INT $CP
wait $CP
tap_is "$(find "$T" -maxdepth 1 -name '.coffer-*' -o -maxdepth 1 -name huge2)" '' \
    'leaves nothing when interrupted'

run cp a b
tap_is "$RC" 2 'one side is a sandbox'
run cp calc:a calc:b
tap_is "$RC" 2 'and one is not'
run cp calc:/ x
tap_is "$RC" 1 'the root has no name'

cd / || exit 1
run destroy calc --yes --force
run down
tap_is "$(attach_left)" '' 'nothing is left'
tap_done
