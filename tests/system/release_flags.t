#!/bin/sh
# What a test can switch off is not in a release: no program of one knows the
# names.  In another build, the objects of each source that does are made as a
# release has them.
. "$(dirname "$0")/lib.sh"
cd "$SYSTEM_DIR/../.." || exit 1
names='COFFER_TEST\|COFFER_FAIL'

if [ "${V:-debug}" = release ]; then
	for f in "$O"/bin/* "$O"/libexec/coffer/*; do
		tap_not "${f##*/} knows none" grep -aq "$names" "$f"
	done
	tap_done
fi
command -v gcc >/dev/null || tap_skip_all 'needs a compiler'
grep -lE 'COFFER_TEST|COFFER_FAIL|lib/base/barrier\.h' -r agentd cli lib packs router server --include='*.c' >"$T/sources"
tap_ok 'there are some' grep -q '^lib/base/barrier.c$' "$T/sources"
sed -e "s|^|$T/release/|" -e 's/c$/o/' "$T/sources" >"$T/objects"
# shellcheck disable=SC2046
tap_ok 'they compile as a release' env -u MAKEFLAGS make -s -j2 V=release O="$T/release" $(cat "$T/objects")
while read -r f; do
	tap_not "of a release, ${f#"$T/release/"} knows none" grep -aq "$names" "$f"
	tap_ok 'and is there' test -s "$f"
done <"$T/objects"
tap_ok 'while this build does' grep -aq COFFER_TEST_WITHOUT "$O/bin/coffer-agentd"
tap_done
