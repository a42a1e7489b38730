#!/bin/sh
# Branches that want in, and what must be found in each; ordinary branches,
# and that nothing in them is refused: through `coffer fetch --dry-run`.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
CORPUS=$SYSTEM_DIR/fetch_corpus
# NAME... of the command line only these.
ONLY=$*
hostile_n=$(cat "$CORPUS"/hostile*.sh | grep -c '^hostile ')
ordinary_n=$(cat "$CORPUS"/ordinary*.sh | grep -c '^ordinary ')
[ -n "$ONLY" ] || tap_plan $((hostile_n + ordinary_n + 4))

start_canned
canned GET /api/coffer/v1/projects/acme/calc 200 \
    '{"id":7,"owner":"acme","name":"calc","full_name":"acme/calc"}'
SRV=$CANNED/acme/calc.git
SEED=$T/seed
CLONE=$T/clone
mkdir -p "$CANNED/acme" "$T/tmp"
git init -q --bare "$SRV"
git init -q -b main "$SEED"
(cd "$SEED" && sh -eu "$CORPUS/seed.sh" && git add -A && git commit -q -m First) ||
    tap_bail 'the seed'
git -C "$SEED" push -q "$SRV" main
git clone -q "$SRV" "$CLONE" 2>/dev/null
git -C "$CLONE" checkout -q main
git -C "$CLONE" config coffer.project acme/calc
git -C "$CLONE" config coffer.url "$COFFER_URL"

# wanted NAME: is it asked for?
wanted()
{
	case " $ONLY " in *" $1 "* | '  ') return 0 ;; esac
	return 1
}

# make NAME: the recipe on stdin, on a branch of its own.
make()
{
	{
		printf '. "%s/recipe_lib.sh"\n' "$CORPUS"
		cat
	} >"$T/recipe"
	git -C "$SEED" checkout -q -f -B "c/$1" main &&
	    git -C "$SEED" clean -qfdx &&
	    (cd "$SEED" && TMPDIR=$T/tmp sh -eu "$T/recipe") || return 1
	if [ "$(git -C "$SEED" rev-parse HEAD)" = "$MAIN" ]; then
		(cd "$SEED" && git add -A && git commit -q -m Change)
	fi
}
MAIN=$(git -C "$SEED" rev-parse HEAD)

made=
hostile()
{
	if ! wanted "$1"; then cat >/dev/null; return; fi
	if ! make "$1" 2>"$T/make.err"; then
		made="$made $1"
		sed "s/^/# $1: /" "$T/make.err"
	fi
	printf 'hostile\t%s\t%s\t%s\n' "$1" "$2" "$3" >>"$T/cases"
}
ordinary()
{
	if ! wanted "$1"; then cat >/dev/null; return; fi
	if ! make "$1" 2>"$T/make.err"; then
		made="$made $1"
		sed "s/^/# $1: /" "$T/make.err"
	fi
	printf 'ordinary\t%s\t%s\t%s\n' "$1" "$2" "$3" >>"$T/cases"
}
: >"$T/cases"
for recipes in "$CORPUS"/hostile*.sh "$CORPUS"/ordinary*.sh; do
	# shellcheck disable=SC1090
	. "$recipes"
done
git -C "$SEED" checkout -q -f main
git -C "$SEED" push -q "$SRV" 'refs/heads/c/*:refs/heads/c/*' || tap_bail push

# examine NAME: $T/found has ID=SEVERITY@PATH, one a line, or `refused`.
examine()
{
	(cd "$CLONE" && run fetch --dry-run --json "c/$1"; echo "$RC" >"$T/rc")
	RC=$(cat "$T/rc")
	if [ "$RC" -ne 0 ] && { err_has 'fetch failed' || err_has 'a path is over'; }; then
		# git's own check of the objects, or what cannot be read.
		echo refused >"$T/found"
	elif [ -s "$T/out" ]; then
		jq -r '.findings[] | "\(.id)=\(.severity)@\(.file)"' "$T/out" \
		    >"$T/found" 2>/dev/null || echo broken >"$T/found"
	else
		echo broken >"$T/found"
	fi
}

judge_hostile() # NAME WANT SENTENCE
{
	lost=
	# shellcheck disable=SC2086
	for want in $2; do
		grep -q -E -e "^$want" "$T/found" || lost="$lost $want"
	done
	# A note alone stops nobody, and has to be asked for as such.
	[ "$RC" -eq 0 ] && ! grep -q -E '=(ask|block)@' "$T/found" &&
	    case $2 in *note*) false ;; *) true ;; esac &&
	    lost="$lost (ask or block)"
	if [ -z "$lost" ]; then
		tap_result 0 "$1: $3"
	else
		tap_result 1 "$1: $3"
		echo "# wanted:$lost; status $RC, found:"
		sed 's/^/#   /' "$T/found"
		sed 's/^/# /' "$T/err" | head -n 3
	fi
}

judge_ordinary() # NAME WORST SENTENCE
{
	bad='=(ask|block)@|^refused|^broken'
	[ "$2" != ask ] || bad='=block@|^refused|^broken'
	if [ "$RC" -eq 0 ] && ! grep -q -E -e "$bad" "$T/found"; then
		tap_result 0 "$1: $3"
	else
		tap_result 1 "$1: $3"
		echo "# nothing above $2; status $RC, found:"
		grep -E -e "$bad" "$T/found" | sed 's/^/#   /'
		sed 's/^/# /' "$T/err" | head -n 3
	fi
}

while IFS='	' read -r kind name want sentence <&3; do
	examine "$name"
	if [ "$kind" = hostile ]; then
		judge_hostile "$name" "$want" "$sentence"
	else
		judge_ordinary "$name" "$want" "$sentence"
	fi
done 3<"$T/cases"
[ -z "$ONLY" ] || exit "$TAP_FAILED"

tap_is "$made" '' 'each recipe made its branch'
tap_ok 'there are at least 60 hostile branches' [ "$hostile_n" -ge 60 ]
tap_ok 'and 30 ordinary ones' [ "$ordinary_n" -ge 30 ]
tap_is "$(git -C "$CLONE" status --porcelain; find "$CLONE/.git/coffer" -name \
    'quarantine-*' 2>/dev/null | wc -l)" 0 'the clone is as it was, without a quarantine'
tap_done
