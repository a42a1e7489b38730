#!/bin/sh
# Writes the demo's upstream: a small C program with history, checks, a fast
# test and one bug.   upstream.sh DIR   makes the bare repository DIR
set -eu
bare=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
git init -q -b main .

at() { # day message
	export GIT_AUTHOR_DATE="2026-0$1T10:00:00Z" GIT_COMMITTER_DATE="2026-0$1T10:00:00Z"
	git add -A
	git commit -q -m "$2"
}

cat >tally.c <<'C'
#include <stdio.h>

int
main(void)
{
	unsigned long lines = 0;
	int c;

	while ((c = getchar()) != EOF)
		if (c == '\n')
			lines++;
	printf("%lu\n", lines);
	return 0;
}
C
cat >Makefile <<'M'
CFLAGS = -O1 -Wall -Wextra -Werror

tally: tally.c
	$(CC) $(CFLAGS) -o $@ tally.c

check: tally
	sh test.sh

clean:
	rm -f tally
M
at 1-05 'Count lines'

cat >test.sh <<'T'
#!/bin/sh
# want INPUT LINES WORDS
fail=0
want() {
	got=$(printf "$1" | ./tally)
	if [ "$got" = "$2 $3" ]; then
		echo "ok - '$1'"
	else
		echo "FAIL - '$1': expected '$2 $3', got '$got'"
		fail=1
	fi
}
want 'one\n' 1 1
want 'one two\n' 1 2
exit $fail
T
cat >tally.c <<'C'
#include <stdio.h>

int
main(void)
{
	unsigned long lines = 0, words = 0;
	int c, last = ' ';

	while ((c = getchar()) != EOF) {
		if (c == '\n')
			lines++;
		if (c == ' ' || c == '\n')
			words++;
		last = c;
	}
	(void)last;
	printf("%lu %lu\n", lines, words);
	return 0;
}
C
at 2-11 'Count words, and test it'

cat >test-wc.sh <<'T'
#!/bin/sh
# Compares with wc(1) on texts of words separated by single blanks and tabs.
fail=0
for words in 1 2 7 40; do
	for sep in ' ' '	'; do
		seq -s "$sep" "$words" >text.tmp
		got=$(./tally <text.tmp)
		want="$(wc -l <text.tmp) $(wc -w <text.tmp)"
		if [ "$got" != "$want" ]; then
			echo "FAIL - $words words, separator '$sep':" \
			    "wc says '$want', tally says '$got'"
			fail=1
		fi
	done
done
rm -f text.tmp
[ $fail = 1 ] || echo "ok - as wc(1) counts"
exit $fail
T
sed -i "s/c == ' ' || c == '\\\\n'/c == ' ' || c == '\\\\t' || c == '\\\\n'/" tally.c
cat >>Makefile <<'M'

check-wc: tally
	sh test-wc.sh
M
printf 'tally\ntext.tmp\n' >.gitignore
at 3-02 'Tabs separate words, too; compare with wc'

mkdir -p .coffer
cat >.coffer/checks.yml <<'Y'
checks:
  - name: test
    test: make check check-wc
    timeout: 2m
    memory: 512M
Y
cat >README.md <<'R'
# tally

Counts the lines and words of its input. `make check` tests it in a moment,
`make check-wc` compares it with wc(1).
R
at 3-20 'Say what it is, and how it is checked'
git tag v0.1
git clone -q --bare . "$bare"
git -C "$bare" symbolic-ref HEAD refs/heads/main
