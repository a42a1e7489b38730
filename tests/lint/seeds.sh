#!/bin/sh
# Plants each violation of seeds/ in a small tree of its own and fails if the
# lint lets it pass, or refuses the tree without it.  Runs from the top of the
# tree.  A seed is a head of "name: value" lines, an empty line, a file:
#   lint: the lint    file: where it goes    want: a regexp of the message
#   lines: instead of a text, so many empty lines
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
rc=0
count=0

head_of() { # SEED NAME
	sed -n "/^\$/q; s/^$2: //p" "$1"
}

tree() { # a clean one in $dir/t
	mkdir -p "$dir/t/lib/base" "$dir/t/tests/lint" "$dir/t/docs" \
	    "$dir/t/build/lib/base"
	cp tests/lint/*.sh tests/lint/*.txt "$dir/t/tests/lint/"
	rm -f "$dir/t/tests/lint/exceptions.txt"
	cp Makefile deps.sh "$dir/t/"
	cp lib/base/banned.h lib/base/auto.h "$dir/t/lib/base/"
	printf 'int\nmain(void)\n{\n\treturn 0;\n}\n' \
	    >"$dir/t/lib/base/clean.c"
	${CC:-cc} -c -o "$dir/t/build/lib/base/clean.o" "$dir/t/lib/base/clean.c"
}

run() { # LINT FILE
	case $1 in
	build | sanitize) (cd "$dir/t" && tests/lint/"$1".sh "$2") ;;
	symbols) (cd "$dir/t" && tests/lint/symbols.sh build) ;;
	*) (cd "$dir/t" && tests/lint/"$1".sh) ;;
	esac >"$dir/out" 2>&1
}

complain() {
	echo "$1"
	sed 's/^/  /' "$dir/out"
	rc=1
}

tree
for lint in layers names sizes shell spelling symbols build sanitize; do
	run "$lint" lib/base/clean.c || complain "$lint: refuses a clean tree"
done
for seed in tests/lint/seeds/*.seed; do
	count=$((count + 1))
	lint=$(head_of "$seed" lint)
	file=$(head_of "$seed" file)
	lines=$(head_of "$seed" lines)
	mkdir -p "$dir/t/${file%/*}"
	if [ -n "$lines" ]; then
		yes '' | head -n "$lines" >"$dir/t/$file"
	else
		sed '1,/^$/d' "$seed" >"$dir/t/$file"
	fi
	if [ "$lint" = symbols ]; then
		mkdir -p "$dir/t/build/${file%/*}"
		${CC:-cc} -w -c -o "$dir/t/build/${file%.c}.o" "$dir/t/$file"
	fi
	if run "$lint" "$file"; then
		complain "${seed##*/}: $lint lets it pass"
	elif ! grep -qE "$(head_of "$seed" want)" "$dir/out"; then
		complain "${seed##*/}: $lint refuses it for another reason"
	fi
	rm -f "$dir/t/$file" "$dir/t/build/${file%.c}.o"
done
echo "$count planted violations"
exit $rc
