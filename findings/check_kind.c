#include <string.h>

#include "findings/check_body.h"

/* By the end of the name; what is not here is read like code. */
static const struct {
	const char *ext;
	unsigned traits;
} check_exts[] = {
	{ ".adoc", CHECK_IS_DOC },
	{ ".awk", CHECK_IS_CODE },
	{ ".bash", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".bat", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".c", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".cc", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".cjs", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".clj", CHECK_IS_CODE },
	{ ".cmake", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ ".cmd", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".cpp", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".cs", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".csv", CHECK_IS_DATA },
	{ ".cxx", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".dart", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".ex", CHECK_IS_CODE },
	{ ".exs", CHECK_IS_CODE },
	{ ".fish", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".geojson", CHECK_IS_DATA },
	{ ".go", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".gradle", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ ".groovy", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".gyp", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ ".gypi", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ ".h", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".hpp", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".hs", CHECK_IS_CODE },
	{ ".htm", CHECK_IS_CODE },
	{ ".html", CHECK_IS_CODE },
	{ ".ipynb", CHECK_IS_DATA },
	{ ".java", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".js", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".json", CHECK_IS_DATA },
	{ ".jsx", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".kt", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".kts", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".lua", CHECK_IS_CODE },
	{ ".m", CHECK_IS_CODE },
	{ ".map", CHECK_IS_DATA },
	{ ".markdown", CHECK_IS_DOC },
	{ ".md", CHECK_IS_DOC },
	{ ".mdx", CHECK_IS_DOC },
	{ ".mjs", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".mk", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_BUILD },
	{ ".ml", CHECK_IS_CODE },
	{ ".nix", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ ".php", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".pl", CHECK_IS_CODE },
	{ ".pm", CHECK_IS_CODE },
	{ ".po", CHECK_IS_DATA },
	{ ".ps1", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".psm1", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".py", CHECK_IS_CODE },
	{ ".pyi", CHECK_IS_CODE },
	{ ".r", CHECK_IS_CODE },
	{ ".rb", CHECK_IS_CODE },
	{ ".rs", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".rst", CHECK_IS_DOC },
	{ ".scala", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".sh", CHECK_IS_CODE | CHECK_IS_SHELL },
	{ ".snap", CHECK_IS_DATA | CHECK_IS_SNAPSHOT },
	{ ".sol", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".sql", CHECK_IS_CODE },
	{ ".svelte", CHECK_IS_CODE },
	{ ".svg", CHECK_IS_DATA },
	{ ".swift", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".t", CHECK_IS_CODE },
	{ ".tcl", CHECK_IS_CODE },
	{ ".tf", CHECK_IS_CODE },
	{ ".ts", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".tsv", CHECK_IS_DATA },
	{ ".tsx", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".txt", CHECK_IS_DOC },
	{ ".vb", CHECK_IS_CODE },
	{ ".vue", CHECK_IS_CODE },
	{ ".xml", CHECK_IS_DATA },
	{ ".zig", CHECK_IS_CODE | CHECK_IS_CLIKE },
	{ ".zsh", CHECK_IS_CODE | CHECK_IS_SHELL },
};

/* By the whole name, or its beginning where that ends with a dash or dot;
 * these come first. */
static const struct {
	const char *name;
	unsigned traits;
} check_names[] = {
	{ ".gitlab-ci.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ ".drone.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ ".travis.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ ".woodpecker.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "action.yaml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "action.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "appveyor.yml", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "azure-pipelines.", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "bitbucket-pipelines.", CHECK_IS_CI | CHECK_IS_SHELL },
	{ "build.rs", CHECK_IS_CODE | CHECK_IS_CLIKE | CHECK_IS_BUILD },
	{ "bun.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "bun.lockb", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "cargo.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "cargo.toml", CHECK_IS_BUILD },
	{ "changelog", CHECK_IS_DOC },
	{ "cmakelists.txt", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "composer.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "configure", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_BUILD },
	{ "conftest.py", CHECK_IS_CODE | CHECK_IS_TEST | CHECK_IS_BUILD },
	{ "containerfile", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_DOCKER },
	{ "copying", CHECK_IS_DOC },
	{ "dockerfile", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_DOCKER },
	{ "dockerfile.", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_DOCKER },
	{ "extconf.rb", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "gemfile", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "gemfile.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "gnumakefile", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_BUILD },
	{ "go.sum", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "jenkinsfile", CHECK_IS_CODE | CHECK_IS_CI | CHECK_IS_SHELL },
	{ "justfile", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_BUILD },
	{ "license", CHECK_IS_DOC },
	{ "licence", CHECK_IS_DOC },
	{ "makefile", CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_BUILD },
	{ "package-lock.json", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "npm-shrinkwrap.json", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "package.json", CHECK_IS_BUILD },
	{ "pipfile.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "pnpm-lock.yaml", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "poetry.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ ".npmrc", CHECK_IS_BUILD },
	{ ".yarnrc", CHECK_IS_BUILD },
	{ ".yarnrc.yml", CHECK_IS_BUILD },
	{ "pip.conf", CHECK_IS_BUILD },
	{ "pyproject.toml", CHECK_IS_BUILD },
	{ "requirements-", CHECK_IS_BUILD },
	{ "requirements.", CHECK_IS_BUILD },
	{ "setup.cfg", CHECK_IS_BUILD },
	{ "tox.ini", CHECK_IS_BUILD },
	{ "rakefile", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "readme", CHECK_IS_DOC },
	{ "setup.py", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "uv.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
	{ "vagrantfile", CHECK_IS_CODE | CHECK_IS_BUILD },
	{ "yarn.lock", CHECK_IS_DATA | CHECK_IS_LOCK },
};

const char *
check_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool
check_has_ext(const char *path, const char *ext)
{
	size_t n = strlen(path), len = strlen(ext);

	return n > len && strcasecmp(path + n - len, ext) == 0;
}

static bool
check_is_name(const char *base, const char *name)
{
	size_t n = strlen(name);

	return name[n - 1] == '.' || name[n - 1] == '-'
	    ? strncasecmp(base, name, n) == 0
	    : strcasecmp(base, name) == 0;
}

/* Is there this folder, or these two, on the way? */
static bool
check_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	for (const char *p = path; p != NULL;) {
		if (strncasecmp(p, folder, n) == 0)
			return true;
		p = strchr(p, '/');
		if (p != NULL)
			p++;
	}
	return false;
}

unsigned
check_traits(const char *path)
{
	const char *base = check_path_base(path);
	unsigned traits = check_is_test(path) ? CHECK_IS_TEST : 0, kind = 0;

	for (size_t i = 0;
	     i < sizeof(check_names) / sizeof(check_names[0]) && kind == 0; i++)
		if (check_is_name(base, check_names[i].name))
			kind = check_names[i].traits;
	for (size_t i = 0;
	     i < sizeof(check_exts) / sizeof(check_exts[0]) && kind == 0; i++)
		if (check_has_ext(base, check_exts[i].ext))
			kind = check_exts[i].traits;
	if (check_has_ext(base, ".dockerfile"))
		kind = CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_DOCKER;
	traits |= kind;
	if (check_is_below(path, ".github/workflows/") ||
	    check_is_below(path, ".gitea/workflows/") ||
	    check_is_below(path, ".forgejo/workflows/") ||
	    check_is_below(path, ".woodpecker/") ||
	    check_is_below(path, ".circleci/") ||
	    check_is_below(path, ".buildkite/") ||
	    check_is_below(path, ".coffer/") || check_is_below(path, ".ci/"))
		traits |= CHECK_IS_CI | CHECK_IS_SHELL;
	else if (kind == 0)
		traits |= CHECK_IS_UNKNOWN;
	if (check_is_below(path, "__snapshots__/"))
		traits |= CHECK_IS_SNAPSHOT;
	return traits;
}
