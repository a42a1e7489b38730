#!/bin/sh
# coffer fetch: a clean branch arrives unstaged, a hostile one does not arrive
# at all and says why, the reviewer can only make it stricter.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

tap_plan 62
XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
start_canned
canned GET /api/coffer/v1/runs 200 '[]'
canned GET /api/coffer/v1/projects/acme/calc 200 \
    '{"id":7,"owner":"acme","name":"calc","full_name":"acme/calc"}'

# The served repository, and the user's clone of the same history.
SRV=$CANNED/acme/calc.git
mkdir -p "$CANNED/acme"
git init -q --bare "$SRV"
SEED=$T/seed
git clone -q "$SRV" "$SEED" 2>/dev/null
cd "$SEED" || exit 1
git checkout -q -b main 2>/dev/null
printf 'hello\n' >hello.txt
mkdir src tests
printf 'int main(void)\n{\n\treturn 0;\n}\n' >src/main.c
printf '#!/bin/sh\nexit 0\n' >tests/one.sh
git add . && git commit -q -m First && git push -q origin main
CLONE=$T/clone
git clone -q "$SRV" "$CLONE"
git -C "$CLONE" remote remove origin

# branch NAME: a branch from main in the seed; publish pushes it.
branch() { git -C "$SEED" checkout -q -B "$1" main; }
publish()
{
	git -C "$SEED" add -A && git -C "$SEED" commit -q -m x &&
	    git -C "$SEED" push -q -f origin HEAD
}
# state: everything of the clone that a fetch could have changed.
state()
{
	(cd "$CLONE" && git status --porcelain --ignored &&
	    git for-each-ref && find . -path ./.git -prune -o -type f -print0 |
	    sort -z | xargs -0 sha1sum && find .git -name hooks -prune -o \
	    -path .git/coffer -prune -o -name config -print0 | xargs -0 cat)
}
fetch() { cd "$CLONE" && run fetch "$@"; }

branch agent/fix-1
printf 'hello world\n' >"$SEED/hello.txt"
printf 'new\n' >"$SEED/src/new.c"
publish
CLEAN=$(git -C "$SEED" rev-parse HEAD)

fetch agent/fix-1
tap_is "$RC" 2 'an unlinked clone is a usage error'
tap_ok 'that says how to link it' err_has '--project OWNER/NAME'
fetch --project acme/none agent/fix-1
tap_is "$RC" 4 'a project that is not there: 4'
before=$(state)
fetch --project acme/calc --dry-run agent/fix-1
tap_is "$RC" 0 '--dry-run of a clean branch'
tap_is "$(state)" "$before" '--dry-run changes nothing'
fetch --project acme/calc agent/fix-1
tap_is "$RC" 0 'a clean branch is applied'
tap_ok 'loudly without a reviewer' err_has 'no reviewer configured'
tap_is "$(git -C "$CLONE" status --porcelain)" ' M hello.txt
?? src/new.c' 'its changes are unstaged'
tap_is "$(git -C "$CLONE" config coffer.project)" acme/calc 'the clone is linked'
tap_is "$(find "$CLONE/.git/coffer" -name 'quarantine-*' | wc -l)" 0 \
    'the quarantine is gone'
REC=$(find "$CLONE/.git/coffer/fetch" -name '2*.json' | sort | tail -n 1)
tap_is "$(jq -r '.result + " " + .review + " " + .head' "$REC")" \
    "applied none: no reviewer configured $CLEAN" 'the record says what was done'
tap_not 'no token in the clone' grep -r secret-of-the-test "$CLONE"
fetch agent/fix-1
tap_is "$RC" 3 'a dirty tree is refused'
tap_ok 'and named as the reason' err_has 'work tree has changes'
printf 'more\n' >>"$CLONE/hello.txt"
fetch undo
tap_is "$RC" 3 'undo refuses when a file was changed since'
sed -i '$d' "$CLONE/hello.txt"
fetch undo
tap_is "$RC" 0 'undo takes it back'
tap_is "$(git -C "$CLONE" status --porcelain)" '' 'the tree is as it was'
fetch undo
tap_is "$RC" 4 'there is nothing more to undo'
fetch agent/none
tap_is "$RC" 4 'a branch that is not there: 4'
fetch -- --upload-pack=x
tap_is "$RC" 2 'an option is no branch'

# hostile ID NAME: the seed's tree becomes a branch that is blocked as ID.
hostile()
{
	publish
	before=$(state)
	fetch --json "$2"
	tap_is "$RC $(jq -r '.result' "$T/out") $(jq -r '[.findings[]
	    | select(.severity == "block") | .id] | unique | join(",")' "$T/out")" \
	    "3 blocked $1" "$2 is blocked as $1"
	tap_is "$(state)" "$before" "$2 leaves the clone as it was"
}
branch bad/link
ln -s /etc/passwd "$SEED/src/passwd"
hostile symlink-escape bad/link
branch bad/link-git
ln -s ../.git/hooks "$SEED/src/h"
hostile symlink-escape bad/link-git
branch bad/vscode
mkdir "$SEED/.vscode" && echo '{"version":"2.0.0"}' >"$SEED/.vscode/tasks.json"
hostile editor-config bad/vscode
branch bad/agent
mkdir "$SEED/.claude" && echo '{}' >"$SEED/.claude/settings.json"
hostile agent-config bad/agent
branch bad/bidi
printf 'if (admin) { \342\200\256 } \342\201\246// x\n' >>"$SEED/src/main.c"
hostile bidi bad/bidi
branch bad/tags
printf '// ok \363\240\201\201\363\240\201\202\n' >>"$SEED/src/main.c"
hostile invisible bad/tags
branch bad/modules
printf '[submodule "x"]\n\tpath = x\n\turl = https://example.org/x\n' >"$SEED/.gitmodules"
hostile gitmodules bad/modules
branch bad/hooks
mkdir "$SEED/.githooks" && printf '#!/bin/sh\n' >"$SEED/.githooks/pre-commit"
hostile hook bad/hooks
branch bad/key
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n' >"$SEED/src/id.txt"
hostile private-key bad/key
branch bad/attributes
printf '*.c filter=evil\n' >"$SEED/.gitattributes"
hostile gitattributes-filter bad/attributes
branch bad/gitlink
git -C "$SEED" update-index --add --cacheinfo "160000,$CLEAN,sub"
git -C "$SEED" commit -q -m sub && git -C "$SEED" push -q -f origin HEAD
before=$(state)
fetch bad/gitlink
tap_is "$RC" 3 'a submodule is blocked'
tap_ok 'and named' out_has 'submodule'
git -C "$SEED" rm -q --cached sub

fetch bad/vscode --allow editor-config
tap_is "$RC" 2 '--allow needs a reason'
fetch bad/vscode --allow editor-config --reason 'I read it'
tap_is "$RC" 0 '--allow with a reason lets it pass'
REC=$(find "$CLONE/.git/coffer/fetch" -name '2*.json' | sort | tail -n 1)
tap_is "$(jq -r '.reason + " " + .allowed[0]' "$REC")" \
    'I read it editor-config' 'the reason is on record'
fetch undo

# The user's own clone has a hook and a filter; neither runs.
branch plain
printf 'plain\n' >>"$SEED/hello.txt"
publish
printf '#!/bin/sh\ntouch %s/hook-ran\n' "$T" >"$CLONE/.git/hooks/post-checkout"
cp "$CLONE/.git/hooks/post-checkout" "$CLONE/.git/hooks/reference-transaction"
chmod +x "$CLONE/.git/hooks/post-checkout" "$CLONE/.git/hooks/reference-transaction"
fetch plain --apply branch
tap_is "$RC $(git -C "$CLONE" rev-parse plain)" \
    "0 $(git -C "$SEED" rev-parse HEAD)" '--apply branch makes the branch'
tap_not 'no hook ran' test -e "$T/hook-ran"
rm "$CLONE/.git/hooks/post-checkout" "$CLONE/.git/hooks/reference-transaction"

printf '*.txt filter=mine\n' >"$CLONE/.git/info/attributes"
git -C "$CLONE" config filter.mine.smudge "touch $T/filter-ran; cat"
git -C "$CLONE" config filter.mine.clean "touch $T/filter-ran; cat"
fetch agent/fix-1
tap_is "$RC" 0 'a clone with a filter of its own'
tap_not 'no filter ran' test -e "$T/filter-ran"
fetch undo
rm "$CLONE/.git/info/attributes"

# A conflict leaves everything alone.
git -C "$CLONE" config user.email a@b && git -C "$CLONE" config user.name a
printf 'mine\n' >"$CLONE/hello.txt"
git -C "$CLONE" commit -q -am mine
before=$(state)
fetch agent/fix-1
tap_is "$RC" 1 'a conflict is a failure'
tap_is "$(state)" "$before" 'that changes nothing'
git -C "$CLONE" reset -q --hard HEAD~1

# The reviewer.
reviewer()
{
	mkdir -p "$T/xdg/coffer"
	printf '[reviewer]\nprovider = anthropic\nurl = %s/review/%s\nmodel = stub\nkey = key-of-the-test\ntimeout = 1500ms\n' \
	    "$COFFER_URL" "$1" >"$T/xdg/coffer/reviewer.conf"
	chmod 600 "$T/xdg/coffer/reviewer.conf"
}
reviewer ok
fetch agent/fix-1 --json
tap_is "$RC $(jq -r '.review + " " + .reviewer' "$T/out")" '0 ok stub' \
    'a reviewer that agrees'
run fetch undo
: >"$CANNED/requests"
fetch bad/key --json
tap_is "$RC $(jq -r .review "$T/out")" '3 not asked: blocked before' \
    'a reviewer that agrees does not unblock'
tap_not 'and the key is not sent to it' grep -q 'PRIVATE KEY' "$CANNED/requests"
for mode in garbage stale extra cut slow; do
	reviewer $mode
	before=$(state)
	fetch agent/fix-1 --json
	if [ "$(state)" = "$before" ]; then same=same; else same=changed; fi
	tap_is "$RC $(jq -r .result "$T/out") $same" '3 review-failed same' \
	    "a reviewer that is $mode: closed"
done
reviewer deny
fetch agent/fix-1
tap_is "$RC" 3 'a reviewer that says no'
tap_ok 'its words are shown, escaped' out_has 'no <U+001B>]52;c;x<U+0007> thanks'
fetch agent/fix-1 --skip-review
tap_is "$RC" 2 '--skip-review needs a reason'
tap_done
