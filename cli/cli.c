#include "cli/cli.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CLI_TOKEN_MAX = 4096,
	CLI_ADDR_MAX = 512
};

static const char cli_default_url[] = "http://127.0.0.1:3000";

char *
cli_default_home(void)
{
	const char *env = getenv("COFFER_HOME");
	const char *home = getenv("HOME");
	struct passwd *pw;

	if (env != NULL && env[0] != '\0')
		return xstrdup(env);
	if (geteuid() == 0)
		return xstrdup("/var/lib/coffer");
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw != NULL ? pw->pw_dir : "/";
	}
	return path_join(home, ".local/share/coffer");
}

/* The first line of a small file, or NULL. */
static char *
cli_read_line(const char *dir, const char *name, size_t max)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view v;

	if (path_read(path, max, &text, &e) == -1)
		return NULL;
	v = view_trim(str_view(&text));
	if (v.len == 0 || memchr(v.p, '\n', v.len) != NULL ||
	    memchr(v.p, '\r', v.len) != NULL)
		return NULL;
	return view_dup(v);
}

static char *
cli_find_url(const struct cli *c)
{
	const char *env = getenv("COFFER_URL");
	AUTO_FREE char *addr = NULL;
	char *url;

	if (c->g.url != NULL)
		url = xstrdup(c->g.url);
	else if (env != NULL && env[0] != '\0')
		url = xstrdup(env);
	else if ((addr = cli_read_line(
		      c->home, "run/cofferd.addr", CLI_ADDR_MAX)) != NULL)
		url = strncmp(addr, "http", 4) == 0
		    ? xstrdup(addr)
		    : xasprintf("http://%s", addr);
	else
		url = xstrdup(cli_default_url);
	while (url[0] != '\0' && url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	return url;
}

int
cli_init(struct cli *c, struct err *e)
{
	const char *env = getenv("COFFER_TOKEN");

	if (c->g.home != NULL && c->g.home[0] == '/') {
		c->home = xstrdup(c->g.home);
	} else if (c->g.home != NULL) {
		AUTO_FREE char *cwd = getcwd(NULL, 0);

		if (cwd == NULL)
			return err_sys(e, ERR_IO, "current directory");
		c->home = path_join(cwd, c->g.home);
	} else {
		c->home = cli_default_home();
	}
	c->url = cli_find_url(c);
	if (strncmp(c->url, "http://", 7) != 0 &&
	    strncmp(c->url, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "address %s is not http:// or https://", c->url);
	if (env != NULL && env[0] != '\0') {
		c->token = xstrdup(env);
		c->token_at = "COFFER_TOKEN";
	} else {
		c->token = cli_read_line(
		    c->home, "secrets/admin.token", CLI_TOKEN_MAX);
		c->token_at = "HOME/secrets/admin.token";
	}
	c->colour = !c->g.no_colour && getenv("NO_COLOR") == NULL &&
	    isatty(STDOUT_FILENO) == 1;
	return 0;
}

void
cli_release(struct cli *c)
{
	remote_free(c->remote);
	free(c->home);
	free(c->url);
	free(c->token);
	c->remote = NULL;
	c->home = c->url = c->token = NULL;
}

int
cli_err_unreachable(struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)err_set(e, ERR_IO, "%s", text);
	e->sys = EHOSTUNREACH;
	return -1;
}

enum cli_exit
cli_exit_of(const struct err *e)
{
	static const enum cli_exit codes[ERR_CODE_MAX] = {
		[ERR_NONE] = CLI_FAILED,
		[ERR_INVALID] = CLI_FAILED,
		[ERR_NOTFOUND] = CLI_NOTFOUND,
		[ERR_EXISTS] = CLI_FAILED,
		[ERR_DENIED] = CLI_REFUSED,
		[ERR_LIMIT] = CLI_FAILED,
		[ERR_TIMEOUT] = CLI_TIMEOUT,
		[ERR_BUSY] = CLI_FAILED,
		[ERR_PROTO] = CLI_FAILED,
		[ERR_IO] = CLI_FAILED,
		[ERR_INTERNAL] = CLI_FAILED,
	};

	if (e->code == ERR_IO && e->sys == EHOSTUNREACH)
		return CLI_UNREACHABLE;
	return e->code < ERR_CODE_MAX ? codes[e->code] : CLI_FAILED;
}

static void
cli_hint(const struct cli *c, const struct err *e)
{
	if (cli_exit_of(e) == CLI_UNREACHABLE)
		cli_note("  hint: start it with `coffer --home %s up -d`, or "
			 "set COFFER_URL",
		    c->home);
	else if (strstr(e->msg, "token is required") != NULL)
		cli_note("  hint: no token was found; set COFFER_TOKEN, or "
			 "use --home of the place that `coffer setup` made");
	else if (strstr(e->msg, "invalid username, password or token") != NULL)
		cli_note("  hint: the token in %s is not valid for %s",
		    c->token_at, c->url);
}

int
cli_fail(const struct cli *c, const struct err *e, const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT_MAX(1 << 16);
	AUTO_STR struct str safe = STR_INIT_MAX(1 << 18);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	if (e->msg[0] != '\0')
		str_addf(&line, ": %s", e->msg);
	esc_term(&safe, str_view(&line));
	(void)fflush(stdout);
	(void)fprintf(stderr, "coffer: %s\n", str_cstr(&safe));
	if (c != NULL && c->home != NULL)
		cli_hint(c, e);
	return (int)cli_exit_of(e);
}

__attribute__((format(printf, 2, 0))) static void
cli_say(const char *before, const char *fmt, va_list ap)
{
	AUTO_STR struct str line = STR_INIT_MAX(1 << 16);
	AUTO_STR struct str safe = STR_INIT_MAX(1 << 18);

	str_vaddf(&line, fmt, ap);
	esc_term(&safe, str_view(&line));
	(void)fprintf(stderr, "%s%s\n", before, str_cstr(&safe));
}

int
cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cli_say("coffer: ", fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

void
cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cli_say("", fmt, ap);
	va_end(ap);
}
