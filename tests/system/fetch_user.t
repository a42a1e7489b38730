#!/bin/sh
# coffer fetch beside what is the user's own: names of branches, variables of
# git, tools, authorities, and a signal in the midst of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
start_state=$(state)

# Names that git takes.
n=0
for name in 'user@fix' 'renovate/@types/node-20.x' 'fix/ümlaut' 'a(b)' "it's" 'A&B!' 'a`id`'; do
	n=$((n + 1))
	branch "$name"
	echo "$n" >"$SEED/n.txt" && publish
	fetch "$name" --dry-run
	tap_is "$RC" 0 "a branch $name is fetched"
done
for name in 'a..b' 'a@{1' 'a b' 'a:b' 'a~1' '.a' 'x/.a' 'a.lock' 'a/' '-a' 'HEAD' '@' 'heads/main' 'refs/heads/main' 'tags/v1' 'FETCH_HEAD' 0123456789012345678901234567890123456789 "$(printf 'a\302\240b')" "$(printf 'a\342\200\256b')" "$(printf 'a\377')"; do
	fetch --dry-run -- "$name"
	tap_is "$RC" 2 "no name of a branch: $(printf %s "$name" | od -An -c | tr -d ' \n')"
done
fetch none/such --json
tap_is "$RC $(jq -r '.result + " " + .branch + ": " + .refused' "$T/out")" \
    '4 refused none/such: acme/calc has no branch none/such' 'a program is told why, too'

# A branch that did not go on from where it was.
branch agent/again
echo one >"$SEED/one.c" && publish
fetch agent/again --yes
fetch undo
echo two >"$SEED/two.c" && publish
fetch agent/again --yes
tap_not 'a branch that went on is as it was' out_has rewritten
fetch undo
was=$(git -C "$SEED" rev-parse --short=12 HEAD)
branch agent/again
echo three >"$SEED/three.c" && publish
fetch agent/again --dry-run
tap_ok 'one that was written anew is told' out_has "rewritten: the history of the branch"
tap_ok 'with where it was' out_has "it was at $was when"
printf 'mine\n' >"$CLONE/three.c"
fetch agent/again --yes
tap_is "$RC" 3 'a file in the way'
rm "$CLONE/three.c"
fetch agent/again --yes
tap_is "$RC $(record '[.findings[].id] | index("rewritten") != null')" '0 true' \
    'one that was refused meanwhile is told again, and on record when it is applied'
fetch undo
fetch agent/again --dry-run
tap_not 'not after that' out_has rewritten

# The variables that name a repository.
git init -q "$T/other"
(GIT_DIR=$T/other/.git && export GIT_DIR && fetch agent/fix --yes && echo "$RC" >"$T/rc")
tap_is "$(cat "$T/rc") $(state)" "3 $start_state" 'GIT_DIR of another repository is refused'
tap_ok 'by its name' err_has 'GIT_DIR is set'
(GIT_DIR=$CLONE/.git GIT_WORK_TREE=$CLONE && export GIT_DIR GIT_WORK_TREE &&
    fetch agent/fix --dry-run && echo "$RC" >"$T/rc")
tap_is "$(cat "$T/rc")" 0 'of this one it is none'
git clone -q --no-checkout "$CLONE" "$T/away"
git -C "$T/other" commit -q --allow-empty -m Other
git -C "$T/away" config core.worktree "$T/other"
MAIN=$CLONE
CLONE=$T/away
fetch agent/fix --yes
tap_is "$RC" 3 'a work tree that is another repository is refused'
tap_not 'and nothing is put there' test -e "$T/other/.git/coffer"
CLONE=$MAIN

# The tool that this clone alone knows.
printf '#!/bin/sh\ncat "$1" "$2" >>"%s/tool"\n' "$T" >"$T/tool.sh"
chmod +x "$T/tool.sh"
git -C "$CLONE" config difftool.here.cmd "$T/tool.sh \"\$LOCAL\" \"\$REMOTE\""
git -C "$CLONE" config diff.tool here
fetch review agent/fix
tap_is "$RC $(grep -c '^hello world' "$T/tool")" '0 1' 'the difftool of this clone is started'
git -C "$CLONE" config --unset diff.tool

# A key where others see it.
run fetch config --provider openai --model m --key sk-0123456789
tap_is "$RC" 2 'a key on the command line is refused'
tap_not 'and not repeated' grep -q sk-0123456789 "$T/out" "$T/err"

# A signal: nothing stays behind.
printf '#!/bin/sh\ntouch "%s/at-work"\nwhile test -e "%s/at-work"; do sleep 1; done\n' "$T" "$T" >"$T/tool.sh"
git -C "$CLONE" config diff.tool here
boxes() { find "$CLONE/.git/coffer" -maxdepth 1 -name 'quarantine-*' | wc -l; }
no_box() { [ "$(boxes)" = 0 ]; }
for sig in INT TERM HUP; do
	rm -f "$T/at-work"
	cd "$CLONE" || exit 1
	start "$T/review.log" perl -e '$SIG{$_} = "DEFAULT" for qw(INT TERM HUP); exec @ARGV' \
	    "$O/bin/coffer" fetch review agent/fix
	wait_for 20 test -e "$T/at-work"
	tap_is "$(boxes)" 1 "there is a quarantine before $sig"
	kill -s "$sig" "$PID"
	tap_ok 'and none after it' wait_for 10 no_box
	wait "$PID" 2>/dev/null
	rm "$T/at-work"
done
git -C "$CLONE" config --unset diff.tool

# Authorities: those of the user's git, for git and for coffer.
unset GIT_SSL_CAINFO GIT_SSL_CAPATH SSL_CERT_FILE SSL_CERT_DIR
C=$T/ca
mkdir "$C"
cert()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$C/$1.key" \
	    -subj "/CN=$1" -out "$C/$1.csr" 2>/dev/null
	printf 'subjectAltName=%s\nbasicConstraints=CA:%s\n' "$2" "$3" >"$C/$1.ext"
	shift 3
	openssl x509 -req -in "$C/$CN.csr" "$@" -days 30 -extfile "$C/$CN.ext" -out "$C/$CN.pem" 2>/dev/null
}
CN=authority cert authority DNS:authority TRUE -signkey "$C/authority.key"
CN=good cert good IP:127.0.0.1 FALSE -CA "$C/authority.pem" -CAkey "$C/authority.key" -CAcreateserial
mkdir "$T/door"
start "$T/door.log" perl "$SYSTEM_DIR/upstream.pl" --tls "$T/door" "${COFFER_URL##*:}" \
    "$C/good.pem" "$C/good.key"
wait_for 5 test -s "$T/door/tls.port" || tap_bail "door: $(cat "$T/door.log")"
COFFER_URL=https://127.0.0.1:$(cat "$T/door/tls.port")
export COFFER_URL
git -C "$CLONE" config coffer.url "$COFFER_URL"
fetch agent/fix --dry-run
tap_is "$RC" 5 'an authority that nobody knows'
SSL_CERT_FILE=$C/authority.pem
export SSL_CERT_FILE
fetch agent/fix --dry-run
tap_is "$RC" 0 'one of SSL_CERT_FILE is for git, too'
git -C "$CLONE" config http.sslCAInfo "$T/none.pem"
fetch agent/fix --dry-run
tap_is "$RC" 1 'what the clone says of its own git counts more'
git -C "$CLONE" config "http.$COFFER_URL.sslCAInfo" "$C/authority.pem"
fetch agent/fix --dry-run
tap_is "$RC" 0 'for this address alone, too'
tap_done
