# shellcheck shell=sh
# recipe_lib.sh: what the recipes of hostile.sh and ordinary.sh may use; they
# run in the seed's work tree, on a branch of their own, with `sh -eu`.

# bytes TEXT: with the escapes of printf(1), no newline after it
bytes() { printf '%b' "$1"; }
# many N TEXT: the text so often, on one line
many() { awk -v n="$1" -v t="$2" 'BEGIN { while (n-- > 0) printf "%s", t }'; }
# random N SEED: bytes that do not compress, the same each time
random()
{
	awk -v n="$1" -v s="$2" 'BEGIN {
		while (n-- > 0) {
			s = (s * 69069 + 12345) % 4294967296
			printf "%c", int(s / 65536) % 255 + 1
		}
	}' | head -c "$1"
}
# base64 of N random bytes, on one line
random64() { random "$1" "$2" | base64 -w 0; }
commit() { git add -A && git commit -q -m "${1:-Change}"; }
# entry MODE PATH: the input becomes a file of the tree by git's plumbing
entry()
{
	entry_id=$(git hash-object -w --stdin)
	printf '%s %s 0\t%s\0' "$1" "$entry_id" "$2" |
	    git -c core.protectNTFS=false -c core.protectHFS=false \
	        update-index -z --add --index-info
}
# entry_commit: what entry made, the work tree as it may be
entry_commit() { git commit -q -m "${1:-Change}"; }
# raw_tree: a tree written as bytes, which no command of git would write
raw_commit()
{
	raw_tree=$(git hash-object -t tree -w --literally --stdin)
	raw_id=$(git commit-tree -p HEAD -m Change "$raw_tree")
	git update-ref "$(git symbolic-ref HEAD)" "$raw_id"
}
