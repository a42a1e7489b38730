/* cmd_init: an AGENTS.md to begin with, in the user's own clone. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/tables.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

struct init_args {
	bool print;
};

/* What a file at the top says of how the project is built and tested. */
static const struct init_sign {
	const char *file, *what, *build, *test, *lint; /* NULL: not known */
} init_signs[] = {
	{ "Makefile", "make", "make", "make test", NULL },
	{ "CMakeLists.txt", "CMake", "cmake -B build && cmake --build build",
	    "ctest --test-dir build --output-on-failure", NULL },
	{ "meson.build", "Meson", "meson setup build && meson compile -C build",
	    "meson test -C build", NULL },
	{ "Cargo.toml", "Cargo", "cargo build", "cargo test",
	    "cargo clippy && cargo fmt --check" },
	{ "go.mod", "Go", "go build ./...", "go test ./...", "go vet ./..." },
	{ "package.json", "npm", "npm ci", "npm test", NULL },
	{ "pyproject.toml", "Python", "pip install -e .", "pytest", NULL },
	{ "setup.py", "Python", "pip install -e .", "pytest", NULL },
	{ "pom.xml", "Maven", "mvn -q compile", "mvn -q test", NULL },
	{ "build.gradle", "Gradle", "./gradlew build", "./gradlew test", NULL },
	{ "build.gradle.kts", "Gradle", "./gradlew build", "./gradlew test",
	    NULL },
	{ "Gemfile", "Ruby", "bundle install", "bundle exec rake test", NULL },
	{ "composer.json", "Composer", "composer install", "composer test",
	    NULL },
	{ "mix.exs", "Mix", "mix compile", "mix test", "mix format --check" },
};

/* Folders at the top that mean the same nearly everywhere. */
static const struct {
	const char *dir, *what;
} init_dirs[] = {
	{ "src", "the sources" },
	{ "lib", "the library" },
	{ "include", "public headers" },
	{ "cmd", "programs" },
	{ "internal", "packages of this project alone" },
	{ "app", "the application" },
	{ "test", "tests" },
	{ "tests", "tests" },
	{ "spec", "tests" },
	{ "docs", "documentation" },
	{ "doc", "documentation" },
	{ "examples", "examples" },
	{ "scripts", "scripts for people and CI" },
	{ "tools", "tools for people and CI" },
	{ "third_party", "code of others: do not change it" },
	{ "vendor", "code of others: do not change it" },
};

static bool
init_has(const char *name, bool dir)
{
	struct stat st;

	return lstat(name, &st) == 0 &&
	    (dir ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

static void
init_line(struct str *out, const char *what, const char *command)
{
	if (command != NULL)
		str_addf(out, "- %s: `%s`\n", what, command);
}

/* The number of signs that were found. */
static size_t
init_commands(struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(init_signs) / sizeof(init_signs[0]);
	     i++) {
		const struct init_sign *s = &init_signs[i];

		if (!init_has(s->file, false))
			continue;
		n++;
		str_addf(out, "%s (%s):\n\n", s->what, s->file);
		init_line(out, "Build", s->build);
		init_line(out, "Test", s->test);
		init_line(out, "Lint", s->lint);
		str_addc(out, '\n');
	}
	if (n == 0)
		str_add(out,
		    "- Build: `...`\n- Test: `...`\n- One test: `...`\n\n");
	return n;
}

static void
init_layout(struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(init_dirs) / sizeof(init_dirs[0]); i++) {
		if (!init_has(init_dirs[i].dir, true))
			continue;
		str_addf(
		    out, "- `%s/`: %s\n", init_dirs[i].dir, init_dirs[i].what);
		any = true;
	}
	if (!any)
		str_add(out, "- `...`: what is where\n");
}

static size_t
init_text(struct str *out)
{
	size_t n;

	str_add(out,
	    "# For agents\n\nWhat somebody needs to know who changes this "
	    "project and has never seen it. The file\nnearest to what is "
	    "changed counts; what a maintainer orders counts more.\n\n"
	    "## Commands\n\n");
	n = init_commands(out);
	str_add(out, "## Where things are\n\n");
	init_layout(out);
	str_add(out,
	    "\n## How it is done here\n\n"
	    "- Keep to the style of the code around; no new dependency "
	    "without asking.\n"
	    "- A change of behaviour comes with a test that fails without "
	    "it.\n"
	    "- Do not weaken a test to make it pass; say so when one is "
	    "wrong.\n"
	    "- A commit's message says why; one purpose per commit.\n\n"
	    "## Do not touch\n\n"
	    "- Secrets, keys, and what is generated or of others.\n");
	return n;
}

static int
init_write(const struct str *text, struct err *e)
{
	AUTO_CLOSE int fd = open("AGENTS.md",
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd == -1)
		return err_sys(
		    e, errno == EEXIST ? ERR_EXISTS : ERR_IO, "make AGENTS.md");
	if (write(fd, text->p, text->len) != (ssize_t)text->len) {
		(void)unlink("AGENTS.md");
		return err_sys(e, ERR_IO, "write AGENTS.md");
	}
	return 0;
}

static int
init_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct init_args *a = args;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	size_t found;

	if (argc > 0 && chdir(argv[0]) == -1) {
		(void)err_sys(&e, ERR_NOTFOUND, "enter %s", argv[0]);
		return cli_fail(c, &e, "init");
	}
	found = init_text(&text);
	if (a->print || c->g.dry_run) {
		(void)fwrite(text.p, 1, text.len, stdout);
		return CLI_OK;
	}
	if (init_write(&text, &e) == -1)
		return cli_fail(c, &e, "init");
	if (c->g.json)
		(void)printf("{\"written\":\"AGENTS.md\"}\n");
	cli_note("AGENTS.md is there%s; read it, correct it, commit it",
	    found > 0 ? "" : ", without commands: none were recognised");
	return CLI_OK;
}

static const struct command_option init_options[] = {
	{ 0, OPT_FLAG, "print", offsetof(struct init_args, print), NULL,
	    "show it, write nothing" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_init[] = {
	{ .name = "init",
	    .group = "Your clone",
	    .summary = "write an AGENTS.md to begin with, in a clone of yours",
	    .usage = "[DIR] [--print]",
	    .max = 1,
	    .args_size = sizeof(struct init_args),
	    .options = init_options,
	    .run = init_run,
	    .more = "What agents are told of a project: its commands and "
		    "folders as far as its files show\nthem, and rules to "
		    "correct. A file that is there stays as it is.\n" },
	{ .name = NULL },
};
