#!/bin/sh
# Fails on names that turn into dumping grounds, on a typedef of a struct, and
# on notes to self.  Runs from the top of the tree.
set -eu
rc=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find lib findings server agentd router cli packs tests -name '*.[ch]' \
    ! -path 'tests/lint/seeds/*' 2>/dev/null | LC_ALL=C sort >"$list" || :
if [ ! -s "$list" ]; then
	echo 'no source files found'
	exit 1
fi
while read -r f; do
	case ${f##*/} in
	server.[ch] | common.[ch] | util.[ch] | utils.[ch] | misc.[ch] | \
	    helper.[ch] | helpers.[ch] | types.[ch])
		case $f in
		server/domain/types.[ch]) ;;
		*)
			echo "$f: name the thing that it holds"
			rc=1
			;;
		esac
		;;
	*[!a-z0-9_.]*)
		echo "$f: only a-z, 0-9 and _ in the name of a source file"
		rc=1
		;;
	esac
done <"$list"
if xargs grep -nE '^typedef (struct|enum|union)[^(]*$' <"$list"; then
	echo 'no typedef but for function types'
	rc=1
fi
if xargs grep -nwE 'TODO|FIXME|HACK' <"$list"; then
	echo 'finish it, or say what is missing in an error'
	rc=1
fi
exit $rc
