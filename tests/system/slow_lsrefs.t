#!/bin/bash
# A repository with 100,000 refs stays fast and true, and no reader sees half
# of a change that is one.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 14
REPO=$HOME_DIR/repos/$PROJECT_ID.git
REPO_URL=$URL/$PROJECT.git
in_repo() { git -C "$REPO" "$@"; }
real()
{
	GIT_PROTOCOL=version=2 GIT_CONFIG_GLOBAL=/dev/null git \
	    -c transfer.hideRefs=refs/coffer -c transfer.hideRefs=refs/namespaces \
	    -c safe.directory='*' upload-pack --stateless-rpc --strict "$REPO"
}
post()
{
	http POST "/$PROJECT.git/git-upload-pack" -u "x:$ADMIN" \
	    -H 'Content-Type: application/x-git-upload-pack-request' \
	    -H 'Git-Protocol: version=2' --data-binary "@$1"
}
ms() { date +%s%3N; }

# Half of them branches, half annotated tags.
main=$(in_repo rev-parse main)
{
	for i in $(seq 1000); do
		printf 'tag annotated-%d\nfrom %s\ntagger T <t@example.org> 0 +0000\ndata 0\n\n' \
		    "$i" "$main"
	done
} | in_repo fast-import --quiet --force
perl -e '
	open(my $f, "-|", "git", "-C", $ARGV[0], "for-each-ref",
	    "--format=%(objectname)", "refs/tags/") or die; chomp(my @t = <$f>);
	for (my $i = 0; $i < 50000; $i++) {
		printf "create refs/heads/topic/%05d/branch %s\n", $i, $ARGV[1];
		printf "create refs/tags/release-%05d %s\n", $i, $t[$i % @t];
	}' "$REPO" "$main" | in_repo update-ref --stdin
in_repo pack-refs --all
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$REPO"
printf '0014command=ls-refs\n00010009peel\n000csymrefs\n0000' >"$T/all"
printf '0014command=ls-refs\n00010009peel\n002dref-prefix refs/heads/topic/04999/branch\n0000' >"$T/one"
real <"$T/all" >"$T/want"
sleep 1.1
post "$T/all"
tap_ok '101,000 refs in the same bytes' cmp "$T/want" "$BODY"
real <"$T/one" >"$T/want"
post "$T/one"
tap_ok 'one of them' cmp "$T/want" "$BODY"
t0=$(ms)
for i in 1 2 3 4 5 6 7 8 9 10; do post "$T/one"; done
t1=$(ms)
echo "# ten questions for one ref: $((t1 - t0)) ms"
rss=$(awk '/VmRSS/ { print $2 }' "/proc/$COFFERD_PID/status")
echo "# cofferd: $rss KiB"
case $(nm "$O/bin/cofferd" 2>/dev/null) in
*__asan_init*) tap_skip 'memory is bounded' 'sanitizer' ;;
*) tap_ok 'memory is bounded' [ "$rss" -lt 200000 ] ;;
esac

# Pushes.
git clone -q --single-branch --no-tags "http://x:$ADMIN@${REPO_URL#http://}" "$T/c"
cd "$T/c" || exit 1
t0=$(ms)
for i in 1 2 3 4 5; do
	echo "$i" >b.txt && git add b.txt && git commit -q -m "$i"
	git push -q origin "HEAD:refs/heads/agent/p$i" 2>"$T/push.err" || break
done
t1=$(ms)
echo "# five pushes: $((t1 - t0)) ms"
for i in 1 2 3 4 5; do
	printf '0014command=ls-refs\n00010023ref-prefix refs/heads/agent/p%s\n0000' "$i" >"$T/mine"
	post "$T/mine"
	tap_ok "push $i is told" grep -q "$(git rev-parse "HEAD~$((5 - i))") refs/heads/agent/p$i" "$BODY"
done
real <"$T/all" >"$T/want"
post "$T/all"
tap_ok 'all after the pushes' cmp "$T/want" "$BODY"
in_repo pack-refs --all
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$REPO"
sleep 0.1
post "$T/all"
tap_ok 'all after pack-refs' cmp "$T/want" "$BODY"

# Two branches that move as one, read all the while.
A=$(git rev-parse HEAD) B=$(git rev-parse HEAD~1)
git push -q origin "$A:refs/heads/agent/x1" "$A:refs/heads/agent/x2" 2>/dev/null
printf '0014command=ls-refs\n00010022ref-prefix refs/heads/agent/x\n0000' >"$T/pair"
(
	for i in $(seq 6); do
		git push -q --atomic -f origin "$B:refs/heads/agent/x1" "$B:refs/heads/agent/x2"
		git push -q --atomic -f origin "$A:refs/heads/agent/x1" "$A:refs/heads/agent/x2"
	done
) 2>/dev/null &
WRITER=$!
n=0 half=0 seen=
while kill -0 $WRITER 2>/dev/null; do
	post "$T/pair"
	ids=$(tr '\n' ' ' <"$BODY" | grep -o '[0-9a-f]\{40\} refs' | sort -u)
	n=$((n + 1))
	[ "$(echo "$ids" | wc -l)" -eq 1 ] || half=$((half + 1))
	case " $seen " in *" ${ids%% *} "*) ;; *) seen="$seen ${ids%% *}" ;; esac
done
wait $WRITER
echo "# $n readings,$seen"
tap_is "$half" 0 'no reading has half of an atomic push'
# shellcheck disable=SC2086
tap_is "$(set -- $seen && echo $#)" 2 'both states were read'

# Many at once.
READERS=
for i in $(seq 20); do
	(
		curl -sS -m 60 -u "x:$ADMIN" -H 'Git-Protocol: version=2' \
		    -H 'Content-Type: application/x-git-upload-pack-request' \
		    --data-binary "@$T/all" "$REPO_URL/git-upload-pack" -o "$T/many.$i"
	) &
	READERS="$READERS $!"
	[ $((i % 5)) -ne 0 ] || in_repo update-ref "refs/heads/agent/y$i" "$A"
done
# shellcheck disable=SC2086
wait $READERS
whole=0
for i in $(seq 20); do
	[ "$(tail -c 4 "$T/many.$i")" = 0000 ] && [ "$(grep -c 'refs/' "$T/many.$i")" -ge 101000 ] && whole=$((whole + 1))
done
tap_is $whole 20 'twenty readers at once get the whole list'
printf '0014command=ls-refs\n00010022ref-prefix refs/heads/agent/y\n0000' >"$T/pair"
sleep 1.1
post "$T/pair"
tap_is "$(grep -c refs/heads/agent/y "$BODY")" 4 'and what was made beside them is there'
tap_done
