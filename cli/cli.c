#include "cli/cli.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hint.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

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
cli_find_url(struct cli *c)
{
	const char *env = getenv("COFFER_URL");
	AUTO_FREE char *addr = NULL;

	if (c->g.url != NULL) {
		c->url_at = "--url";
		return xstrdup(c->g.url);
	}
	if (env != NULL && env[0] != '\0') {
		c->url_at = "COFFER_URL";
		return xstrdup(env);
	}
	addr = cli_read_line(c->home, "run/cofferd.addr", CLI_ADDR_MAX);
	c->url_at = addr != NULL ? "HOME/run/cofferd.addr" : "the default";
	if (addr == NULL)
		return xstrdup(cli_default_url);
	return strncmp(addr, "http", 4) == 0 ? STEAL(addr)
					     : xasprintf("http://%s", addr);
}

/* Its host and port are some.  A password does not belong into messages: what
 * has an '@', wherever that is, is not shown. */
static int
cli_check_url(const struct cli *c, struct err *e)
{
	const char *p = strstr(c->url, "://"), *end, *port;
	struct err ignored = ERR_INIT;
	int64_t n;

	if (strchr(c->url, '@') != NULL)
		return err_set(e, ERR_INVALID,
		    "the address from %s has a name or a password in it: a "
		    "token goes into COFFER_TOKEN",
		    c->url_at);
	if (strncmp(c->url, "http://", 7) != 0 &&
	    strncmp(c->url, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "address %s (from %s) is not http:// or https://", c->url,
		    c->url_at);
	p += strlen("://");
	end = p + strcspn(p, "/?#");
	port = memrchr(p, ':', (size_t)(end - p));
	if (port != NULL && memchr(port, ']', (size_t)(end - port)) != NULL)
		port = NULL; /* a colon of an IPv6 address */
	if (end == p || port == p)
		return err_set(e, ERR_INVALID,
		    "address %s (from %s) has no host", c->url, c->url_at);
	if (port != NULL) {
		AUTO_FREE char *text = view_dup(
		    (struct view){ port + 1, (size_t)(end - port - 1) });

		if (num_i64(text, 1, UINT16_MAX, &n, &ignored) == -1)
			return err_set(e, ERR_INVALID,
			    "address %s (from %s): %s is no port", c->url,
			    c->url_at, text);
	}
	return 0;
}

static int
cli_find_token(struct cli *c, struct err *e)
{
	const char *env = getenv("COFFER_TOKEN");

	if (env == NULL || env[0] == '\0') {
		AUTO_FREE char *path = path_join(
		    c->home, "secrets/admin.token");

		c->token_at = "HOME/secrets/admin.token";
		c->token = cli_read_line(
		    c->home, "secrets/admin.token", CLI_TOKEN_MAX);
		if (c->token == NULL && access(path, R_OK) == -1 &&
		    errno != ENOENT)
			c->token_why = errno;
		return 0;
	}
	c->token = xstrdup(env);
	c->token_at = "COFFER_TOKEN";
	for (const char *p = c->token; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return err_set(e, ERR_INVALID,
			    "COFFER_TOKEN has a character that no token has "
			    "(a space, a line break?)");
	return 0;
}

static char *
cli_shell_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
				    "QRSTUVWXYZ0123456789"
				    "/._-+";
	AUTO_STR struct str out = STR_INIT;

	if (s[strspn(s, plain)] == '\0')
		return xstrdup(s);
	esc_shell(&out, view_of(s));
	return str_steal(&out);
}

int
cli_init(struct cli *c, struct err *e)
{
	const char *colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (c->g.home != NULL && c->g.home[0] == '\0')
		return err_set(e, ERR_INVALID, "--home is empty");
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
	c->home_word = cli_shell_word(c->home);
	c->url = cli_find_url(c);
	if (cli_check_url(c, e) == -1 || cli_find_token(c, e) == -1)
		return -1;
	while (c->url[strlen(c->url) - 1] == '/')
		c->url[strlen(c->url) - 1] = '\0';
	c->terminal = isatty(STDOUT_FILENO) == 1;
	c->colour = c->terminal && !c->g.no_colour &&
	    (colour == NULL || colour[0] == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	return 0;
}

void
cli_release(struct cli *c)
{
	remote_free(c->remote);
	free(c->home);
	free(c->home_word);
	free(c->url);
	free(c->token);
	c->remote = NULL;
	c->home = c->home_word = c->url = c->token = NULL;
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

/* What was said last about a failure, for --json. */
static char *cli_said;

static void
cli_keep(const struct str *line)
{
	free(cli_said);
	cli_said = xstrdup(str_cstr(line));
}

void
cli_fail_json(int rc)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	if (cli_said != NULL && !out_json_was_told()) {
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "error", cli_said);
		jw_i64(&w, "exit", rc);
		jw_end(&w);
		out_json_line(&out);
	}
	free(cli_said);
	cli_said = NULL;
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
	cli_keep(&line);
	esc_term(&safe, str_view(&line));
	(void)fflush(stdout);
	(void)fprintf(stderr, "coffer: %s\n", str_cstr(&safe));
	if (c != NULL && c->home != NULL)
		hint_say(c, e);
	return (int)cli_exit_of(e);
}

int
cli_usage(const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT_MAX(1 << 16);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	cli_keep(&line);
	cli_note("coffer: %s", str_cstr(&line));
	return CLI_USAGE;
}

void
cli_note(const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT_MAX(1 << 16);
	AUTO_STR struct str safe = STR_INIT_MAX(1 << 18);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	esc_term(&safe, str_view(&line));
	(void)fprintf(stderr, "%s\n", str_cstr(&safe));
}
