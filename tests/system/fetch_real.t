#!/bin/sh
# A sample of the corpus through a real cofferd: branches are pushed, pull
# requests opened, fetched by number into the clone of a user, judged,
# recorded; records are listed and verified; the folder's name says nothing.
. "$(dirname "$0")/lib.sh"

tap_plan 63
HOSTILE='link-outside gitlink attributes-filter hooks-husky history-secret bidi-override script-no-extension'
ORDINARY='readme js-module text-german'
REFUSED='modules-option name-git-case'
XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
CORPUS=$SYSTEM_DIR/fetch_corpus
coffer_home
start_cofferd
make_upstream
mkdir -p "$T/tmp"
(cd "$WORK" && git rm -q a.txt && sh -eu "$CORPUS/seed.sh" && git add -A &&
    git commit -q -m Seed && git push -q origin main) || tap_bail 'the seed'
api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\"}"
PROJECT=$(field .full_name)
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
tap_is "$STATUS" 200 'a project of the seed'
MAIN=$(git -C "$WORK" rev-parse main)
# The one who fetches may only read.
UMA=$(make_user uma)
api PUT "/api/v1/repos/$PROJECT/collaborators/uma" '{"permission":"read"}'
COFFER_URL=$URL
COFFER_TOKEN=$UMA
COFFER_HOME=$T/none
export COFFER_URL COFFER_TOKEN COFFER_HOME
CLONE=$T/clone
git clone -q "$T/up/calc.git" "$CLONE"
run()
{
	(cd "${CLONE:?}" && "$O/bin/coffer" "$@") >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
FETCH=.git/coffer/fetch
newest() { find "$CLONE/$FETCH" -maxdepth 1 -name '2*.json' | sort | tail -n 1; }
state()
{
	(cd "${CLONE:?}" && git status --porcelain && git for-each-ref && git ls-files -s &&
	    find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha1sum)
}

# branch NAME: the recipe of the input, pushed; status of the push.
branch()
{
	{ printf '. "%s/recipe_lib.sh"\n' "$CORPUS"; cat; } >"$T/recipe"
	git -C "$WORK" checkout -q -f -B "c/$1" main && git -C "$WORK" clean -qfdx &&
	    (cd "$WORK" && TMPDIR=$T/tmp sh -eu "$T/recipe") >/dev/null 2>&1
	[ "$(git -C "$WORK" rev-parse HEAD)" != "$MAIN" ] ||
	    (cd "$WORK" && git add -A && git commit -q -m Change)
	git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "HEAD:refs/heads/c/$1" >"$T/push" 2>&1
}
among() { case " $2 " in *" $1 "*) return 0 ;; esac; return 1; }
# pull NAME: a pull request of it; N is its number.
pull()
{
	api POST "/api/v1/repos/$PROJECT/pulls" "{\"title\":\"$1\",\"head\":\"c/$1\",\"base\":\"main\"}"
	N=$(field .number)
}
# recorded NAME RESULT TEXT: the record is the pull request's, and holds.
recorded()
{
	api GET "/api/coffer/v1/projects/$PROJECT/pulls/$N/fetches"
	tap_is "$(field '.[0] | [.actor.login, .result, .branch, .head] | join(" ")')" \
	    "uma $2 c/$1 $(git -C "$WORK" rev-parse HEAD)" "$3"
	run verify "$(newest)"
	tap_is "$RC $(grep -c 'of uma, since' "$T/out")" '0 1' 'and holds'
}

hostile() # NAME WANT SENTENCE, the recipe on the input
{
	if among "$1" "$REFUSED"; then
		if branch "$1"; then
			tap_result 1 "$1: cofferd does not even take it"
		else
			tap_result 0 "$1: cofferd does not even take it"
		fi
		return
	fi
	if ! among "$1" "$HOSTILE"; then cat >/dev/null; return; fi
	branch "$1"
	tap_is $? 0 "$1 is pushed"
	pull "$1"
	before=$(state)
	run fetch --project "$PROJECT" "$N" --yes
	tap_is "$RC $(state)" "3 $before" "$1: $3: refused, and nothing changed"
	jq -r '.findings[] | "\(.id)=\(.severity)@\(.file)"' "$(newest)" >"$T/found"
	lost=
	for want in $2; do
		grep -q -E -e "^$want" "$T/found" || lost="$lost $want"
	done
	tap_is "$lost" '' 'what is in it is found'
	recorded "$1" blocked 'the refusal is on the pull request'
}
ordinary() # NAME WORST SENTENCE, the recipe on the input
{
	if ! among "$1" "$ORDINARY"; then cat >/dev/null; return; fi
	branch "$1"
	tap_is $? 0 "$1 is pushed"
	pull "$1"
	before=$(state)
	run fetch --project "$PROJECT" "$N" --yes --hold none
	tap_is "$RC $(cd "$CLONE" && git add -A && git write-tree)" "0 $(git -C "$WORK" rev-parse 'HEAD^{tree}')" \
	    "$1: $3: it is here, as it was there"
	git -C "${CLONE:?}" reset -q
	recorded "$1" applied 'the pull request tells who has it'
	run fetch undo
	tap_is "$RC $(state)" "0 $before" 'undo'
	recorded "$1" undone 'and that it was taken back'
}
# shellcheck disable=SC1091
. "$CORPUS/hostile.sh"
# shellcheck disable=SC1091
. "$CORPUS/ordinary.sh"

# The mapping is in the clone; its folder may be called anything.
tap_is "$(git -C "$CLONE" config coffer.project)" "$PROJECT" 'the clone knows its project'
mv "$CLONE" "$T/another name"
CLONE="$T/another name"
mkdir "$T/calc-of-somebody"
run fetch "$N" --yes --hold none --apply branch
tap_is "$RC $(git -C "$CLONE" rev-parse "c/text-german")" "0 $(git -C "$WORK" rev-parse HEAD)" \
    'renamed it is still of that project'
run fetch list --json
tap_is "$(jq -r '[.[] | .signed] | unique | map(tostring) | join(",")' "$T/out")" true 'all its records are signed'
git -C "$CLONE" config --unset coffer.project
run fetch "$N" --yes
tap_is "$RC" 2 'without the mapping the name of the folder is not asked'
tap_done
