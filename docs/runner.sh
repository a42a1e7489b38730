#!/bin/sh
# A runner of checks in sh, curl and jq, to show the protocol (runners.md).  It
# has no sandbox: what a pull request says runs as whoever starts it.
#
#	runner.sh register URL FILE <TOKEN	once: FILE keeps its secret
#	runner.sh run URL FILE [N]		N jobs, or until it is ended
FILE=$3 API=$2/api/coffer/v1/ci
T=$(mktemp -d) && trap 'rm -rf "$T"' EXIT

# call METHOD PATH [CURL-ARGUMENT...]: prints the status; the body is $T/reply
call()
{
	method=$1 path=$2
	shift 2
	curl -sS -m 90 -K "$FILE" -X "$method" -o "$T/reply" -w '%{http_code}' \
	    -H 'Content-Type: application/json' "$@" "$API$path"
}

register()
{
	jq -Rn '{token: input, version: "runner.sh"}' >"$T/body"
	: >>"$FILE" && chmod 600 "$FILE"
	[ "$(call POST /register -d "@$T/body")" = 201 ] || { cat "$T/reply" >&2; exit 1; }
	jq -r '"header = \"Authorization: Bearer \(.secret)\""' "$T/reply" >"$FILE"
}

# Keeps the lease of the process group $1, and ends it when nobody wants it.
beat()
{
	while sleep 5; do
		curl -sS -K "$FILE" -d "{\"lease\":\"$LEASE\"}" -H 'Content-Type: application/json' \
		    "$API/jobs/$ID/heartbeat" >"$T/beat" || continue
		jq -e '.cancel == false' "$T/beat" >"$T/beat.ok" ||
			{ : >"$T/stop"; kill -TERM "-$1"; return; }
	done
}

# Brings the log there, from where the server says that it ends.
ship()
{
	at=0
	while part=$(tail -c "+$((at + 1))" "$T/log" | head -c 1000000 | tee "$T/part" | wc -c) && [ "$part" -gt 0 ]; do
		case $(call PATCH "/jobs/$ID/log" --data-binary "@$T/part" -H "X-Coffer-Lease: $LEASE" \
		    -H "Content-Range: bytes $at-$((at + part - 1))/*") in
		202 | 416) at=$(jq .next "$T/reply") ;;
		000 | 5??) sleep 1 ;;
		*) return ;;
		esac
	done
}

# STATE, PHASE and RC of the commands of $T/job in $T/tree
run()
{
	STATE=passed RC=0
	for PHASE in setup test; do
		jq -e ".check.$PHASE" "$T/job" >"$T/null" || continue
		(cd "$T/tree" && exec setsid timeout -k 5 "$(jq .check.timeout_s "$T/job")" \
		    sh -c "$(jq -r ".check.$PHASE" "$T/job")") >>"$T/log" 2>&1 &
		child=$!
		beat $child &
		wait $child
		RC=$?
		kill $! 2>>"$T/null"
		[ $RC = 0 ] && [ ! -e "$T/stop" ] && continue
		STATE=failed
		[ $PHASE = test ] || STATE=setup_failed
		[ $RC != 124 ] || STATE=timed_out
		[ ! -e "$T/stop" ] || STATE=cancelled
		return
	done
}

# The tree; again when it did not come whole.
tree()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		case $(call GET "/jobs/$ID/tree.tar" -H "X-Coffer-Lease: $LEASE") in
		200) tar -x --no-same-owner -C "$T/tree" -f "$T/reply" && return ;;
		000 | 5??) ;;
		*) return 1 ;;
		esac
		sleep 1
	done
	return 1
}

job()
{
	mv "$T/reply" "$T/job" && rm -rf "$T/tree" "$T/stop" && mkdir "$T/tree" && : >"$T/log"
	ID=$(jq .id "$T/job") LEASE=$(jq -r .lease "$T/job")
	STATE=infrastructure_error PHASE=setup RC=0
	tree && run
	ship
	while case $(call POST "/jobs/$ID/result" -d "{\"lease\":\"$LEASE\",\"state\":\"$STATE\",
	    \"phase\":\"$PHASE\",\"exit_code\":$RC}") in 000 | 5??) sleep 1 ;; *) false ;; esac do :; done
}

[ "$1" = run ] || { register; exit; }
n=0
while [ $n -lt "${4:-1000000}" ]; do
	case $(call POST '/poll?wait=20' -d '{"slots":1,"held":[],"version":"runner.sh"}') in
	200) job; n=$((n + 1)) ;;
	204) ;;
	401 | 403) exit 1 ;; # removed
	*) sleep 1 ;;
	esac
done
