# shellcheck shell=bash disable=SC2034,SC2154
# chromium_lib.sh: the pages in Debian's chromium by playwright-core, read out
# by axe (tests/clis.sh DIR playwright; COFFER_TEST_CLIS=DIR).  After lib.sh and
# web_lib.sh.  WEB_PICTURES=DIR keeps the pictures.

COFFER_CHROMIUM=$(command -v chromium) || tap_skip_all 'there is no chromium (Debian package chromium)'
command -v node >/dev/null || tap_skip_all 'there is no node'
COFFER_NODE_MODULES=${COFFER_TEST_CLIS:+$COFFER_TEST_CLIS/playwright/node_modules}
for m in playwright-core axe-core; do
	[ -n "$COFFER_NODE_MODULES" ] && [ -d "$COFFER_NODE_MODULES/$m" ] ||
	    tap_skip_all "there is no $m: tests/clis.sh DIR playwright, COFFER_TEST_CLIS=DIR"
done
export COFFER_CHROMIUM COFFER_NODE_MODULES
PICTURES=${WEB_PICTURES:-$T/pictures}/$(basename "$0" .t)
rm -rf "$PICTURES"
mkdir -p "$PICTURES"

# browser NAME SCRIPT [ARGUMENT...]: its lines are results of this test.
browser()
{
	browser_name=$1
	shift
	timeout 540 node "$SYSTEM_DIR/$1" "${@:2}" >"$T/browser" 2>"$T/browser.err"
	tap_is $? 0 "$browser_name"
	while read -r line; do
		case $line in
		ok\ *) tap_result 0 "${line#ok }" ;;
		*) tap_result 1 "${line#not ok }" ;;
		esac
	done <"$T/browser"
	[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/browser.err"
}
