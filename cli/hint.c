#include "cli/hint.h"

#include <stdbool.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/err.h"

struct hint {
	enum cli_exit code;
	const char *in; /* the message; "" fits all */
	void (*say)(const struct cli *c);
};

static bool
hint_is_told(const struct cli *c)
{
	return strcmp(c->url_at, "--url") == 0 ||
	    strcmp(c->url_at, "COFFER_URL") == 0;
}

static void
hint_start(const struct cli *c)
{
	if (hint_is_told(c))
		cli_note("  hint: is %s (from %s) the address of cofferd, and "
			 "is it up there?",
		    c->url, c->url_at);
	else
		cli_note("  hint: start it with `coffer --home %s up -d`, or "
			 "set COFFER_URL",
		    c->home_word);
}

static void
hint_start_here(const struct cli *c)
{
	cli_note("  hint: it runs on the host of HOME, as root: `coffer "
		 "--home %s up -d`; `coffer --home %s logs` says why it ended",
	    c->home_word, c->home_word);
}

static void
hint_authority(const struct cli *c)
{
	(void)c;
	cli_note("  hint: if its authority is one of yours, name its file: "
		 "SSL_CERT_FILE=/path/authority.pem");
}

static void
hint_name(const struct cli *c)
{
	(void)c;
	cli_note("  hint: ask by the name that its certificate has: --url "
		 "https://NAME:PORT");
}

static void
hint_no_tls(const struct cli *c)
{
	cli_note("  hint: no TLS is spoken at %s (from %s); is it http://?",
	    c->url, c->url_at);
}

static void
hint_address(const struct cli *c)
{
	cli_note("  hint: is %s the address of cofferd? It is from %s; "
		 "something else answers there",
	    c->url, c->url_at);
}

static void
hint_no_token(const struct cli *c)
{
	if (c->token_why != 0)
		cli_note(
		    "  hint: HOME/secrets/admin.token cannot be read (%s); "
		    "set COFFER_TOKEN to a token of yours, or be who set "
		    "it up",
		    strerror(c->token_why));
	else
		cli_note("  hint: no token was found; set COFFER_TOKEN, or use "
			 "--home of the place that `coffer setup` made");
}

static void
hint_bad_token(const struct cli *c)
{
	cli_note(
	    "  hint: the token in %s is not valid for %s: it is of another "
	    "server, has expired or was revoked",
	    c->token_at, c->url);
}

static void
hint_may_not(const struct cli *c)
{
	cli_note("  hint: whose token is in %s may not; an admin may, and "
		 "grants: `coffer user grant PROJECT NAME write`",
	    c->token_at);
}

static void
hint_own_tokens(const struct cli *c)
{
	cli_note("  hint: tokens are made and listed with an admin's token; "
		 "the one in %s is none",
	    c->token_at);
}

static const struct hint hints[] = {
	{ CLI_UNREACHABLE, "coffer-agentd", hint_start_here },
	{ CLI_UNREACHABLE, "gateway", hint_start_here },
	{ CLI_UNREACHABLE, "subject name", hint_name },
	{ CLI_UNREACHABLE, "certificate", hint_authority },
	{ CLI_UNREACHABLE, "SSL", hint_no_tls },
	{ CLI_UNREACHABLE, "HTTP/0.9", hint_address },
	{ CLI_UNREACHABLE, "", hint_start },
	{ CLI_REFUSED, "token is required", hint_no_token },
	{ CLI_REFUSED, "invalid username, password or token", hint_bad_token },
	{ CLI_REFUSED, "this identity may not", hint_may_not },
	{ CLI_REFUSED, "auth required (HTTP 401)", hint_own_tokens },
	{ CLI_FAILED, "the reply is no JSON", hint_address },
	{ CLI_FAILED, "the reply is empty", hint_address },
	{ CLI_FAILED, "(HTTP 30", hint_address },
};

void
hint_say(const struct cli *c, const struct err *e)
{
	enum cli_exit code = cli_exit_of(e);

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].code != code ||
		    strstr(e->msg, hints[i].in) == NULL)
			continue;
		hints[i].say(c);
		return;
	}
}
