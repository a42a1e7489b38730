# shellcheck shell=sh disable=SC2034,SC2154
# web_lib.sh: the pages as a browser without JavaScript asks for them.  After
# lib.sh.  $JAR has the cookies; STATUS, $BODY and $HEADERS are the reply's.

JAR=$T/jar

# page METHOD PATH [CURL-ARGUMENT...]
page()
{
	page_m=$1
	page_p=$2
	shift 2
	http "$page_m" "$page_p" -b "$JAR" -c "$JAR" -H 'Accept: text/html' "$@"
}

# form_value: what the forms of the last page are bound to.
form_value() { sed -n 's/.*name="form" value="\([0-9a-f]*\)".*/\1/p' "$BODY" | head -n 1; }

# send PATH [FIELD=VALUE...]: the form of the last page.
send()
{
	send_p=$1
	shift
	send_f=${FORM-$(form_value)}
	for send_v; do
		shift
		set -- "$@" --data-urlencode "$send_v"
	done
	page POST "$send_p" -H "Origin: ${ORIGIN-$URL}" --data-urlencode "form=$send_f" "$@"
}

# sign_in NAME PASSWORD-OR-TOKEN [NEXT]
sign_in()
{
	: >"$JAR"
	page GET '/-/sign-in' -L
	send /-/sign-in "login=$1" "password=$2" "next=${3:-/}"
}

location() { sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p' "$HEADERS"; }
header() { sed -n "s/^$1: \(.*\)\r\$/\1/p" "$HEADERS" | tail -n 1; }
shows() { grep -qF -- "$1" "$BODY"; }
