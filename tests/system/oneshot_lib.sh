# shellcheck shell=bash disable=SC2034
# oneshot_lib.sh: a folder $SRC whose repository would run things, for
# `coffer run start --repo`, and a HOME.  After lib.sh and attack_lib.sh:
#
#	start_run ARGUMENT...	RC, $T/out, $T/err
#	gone			no throw-away project is left
#	show			what the last one printed, if something failed

attack_start
SRC=$T/src
mkdir "$SRC"
git -C "$SRC" init -q -b main
printf 'one\n' >"$SRC/a.txt"
mkdir "$SRC/deep"
printf '#!/bin/sh\necho tool\n' >"$SRC/deep/tool"
chmod 755 "$SRC/deep/tool"
ln -s ../a.txt "$SRC/deep/link"
printf '.env\n' >"$SRC/.gitignore"
git -C "$SRC" add -A
git -C "$SRC" commit -q -m first
printf 'two\n' >>"$SRC/a.txt"                # not committed: it is copied
printf 'SECRET=of-the-user\n' >"$SRC/.env"   # git does not know it: it is not
# Whatever git on the host would run here leaves a mark.
cat >>"$SRC/.git/config" <<C
[core]
	fsmonitor = "touch $T/mark; false"
	hooksPath = $T/hooks
	sshCommand = touch $T/mark
[filter "evil"]
	clean = "touch $T/mark; cat"
	smudge = "touch $T/mark; cat"
	required = true
[diff]
	external = touch $T/mark
C
mkdir "$T/hooks"
for h in pre-commit post-checkout pre-push post-index-change reference-transaction; do
	printf '#!/bin/sh\ntouch %s\n' "$T/mark" >"$T/hooks/$h"
	cp "$T/hooks/$h" "$SRC/.git/hooks/$h"
done
chmod 755 "$T"/hooks/* "$SRC"/.git/hooks/*
printf '*.txt filter=evil\n' >"$SRC/.git/info/attributes"

start_run() { coffer run start --repo "$@" >"$T/out" 2>"$T/err"; RC=$?; }
projects() { coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep -c oneshot; }
gone() { [ "$(projects)" -eq 0 ]; }
show() { [ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/out" "$T/err"; }
