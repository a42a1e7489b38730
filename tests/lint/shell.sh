#!/bin/sh
# Every shell script goes through shellcheck.  Runs from the top of the tree.
set -eu
list=$(mktemp)
trap 'rm -f "$list"' EXIT
{
	find . -name '*.sh' -o -name '*.t' | grep -vE '^\./(build|\.git)/' || :
	if [ -e .ci/run ]; then echo .ci/run; fi
} | LC_ALL=C sort >"$list"
if [ ! -s "$list" ]; then
	echo 'no shell scripts found'
	exit 1
fi
rc=0
while read -r f; do
	case $f in
	*.t | .ci/run)
		if [ ! -x "$f" ]; then
			echo "$f: must be executable"
			rc=1
		fi
		;;
	esac
done <"$list"
# SC2317 does not see a call through a trap or "$@"; SC2015 and SC2016 are
# matters of taste; SC2119 and SC2120 do not know optional arguments.
xargs shellcheck -x -P SCRIPTDIR -e SC2317,SC2015,SC2016,SC2119,SC2120 -f gcc <"$list" || rc=1
exit $rc
