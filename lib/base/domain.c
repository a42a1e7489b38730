#include "lib/base/domain.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

enum {
	DOMAIN_LABEL_MAX = 63
};

/*
 * Names below which anybody gets a name or a folder of his own: data can go to
 * all of them.
 */
static const char *const domain_shared[] = {
	"amazonaws.com",
	"appspot.com",
	"azureedge.net",
	"azurewebsites.net",
	"blogspot.com",
	"cloudapp.azure.com",
	"cloudapp.net",
	"cloudfront.net",
	"codeberg.page",
	"core.windows.net",
	"deno.dev",
	"digitaloceanspaces.com",
	"duckdns.org",
	"fastly.net",
	"firebaseapp.com",
	"fly.dev",
	"github.io",
	"githubusercontent.com",
	"gitlab.io",
	"glitch.me",
	"googleapis.com",
	"googleusercontent.com",
	"herokuapp.com",
	"hf.space",
	"netlify.app",
	"ngrok-free.app",
	"ngrok.app",
	"ngrok.io",
	"onrender.com",
	"pages.dev",
	"r2.dev",
	"readthedocs.io",
	"repl.co",
	"run.app",
	"surge.sh",
	"trycloudflare.com",
	"vercel.app",
	"web.app",
	"workers.dev",
};

/* Below a country's two letters these are no names of anybody. */
static const char *const domain_second_level[] = { "ac", "co", "com", "edu",
	"go", "gob", "gov", "ltd", "mil", "ne", "net", "nom", "or", "org",
	"plc", "sch" };

static bool
domain_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The last label looks like a number, so resolvers may take it for one. */
static bool
domain_is_address(const char *name)
{
	const char *label = strrchr(name, '.');

	label = label == NULL ? name : label + 1;
	if (label[0] == '0' && label[1] == 'x')
		return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
	return label[strspn(label, "0123456789")] == '\0';
}

static bool
domain_add_char(char c, char out[DOMAIN_NAME_MAX], size_t *n, size_t *label)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (*n == DOMAIN_NAME_MAX - 1)
		return false;
	if (c == '.') {
		if (*label == 0)
			return false;
		*label = 0;
	} else {
		if ((c < 'a' || c > 'z') && !domain_is_digit(c) && c != '-' &&
		    c != '_')
			return false;
		if (++*label > DOMAIN_LABEL_MAX)
			return false;
	}
	out[(*n)++] = c;
	return true;
}

int
domain_parse(struct view text, char out[DOMAIN_NAME_MAX], struct err *e)
{
	size_t n = 0, label = 0;

	out[0] = '\0';
	if (text.len > 1 && text.p[text.len - 1] == '.')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		if (domain_add_char(text.p[i], out, &n, &label))
			continue;
		out[0] = '\0';
		return err_set(e, ERR_INVALID,
		    "no name: use letters, digits, - and _ in labels of at "
		    "most 63, 253 in all; other scripts as xn--");
	}
	if (label == 0) {
		out[0] = '\0';
		return err_set(e, ERR_INVALID, "no name: a label is empty");
	}
	out[n] = '\0';
	if (domain_is_address(out)) {
		out[0] = '\0';
		return err_set(
		    e, ERR_INVALID, "an address is no name; use the name");
	}
	return 0;
}

/* Where the last n labels of name begin; name itself when it has fewer. */
static const char *
domain_last_labels(const char *name, int n)
{
	const char *p = name + strlen(name);

	while (p > name) {
		if (p[-1] == '.' && --n == 0)
			return p;
		p--;
	}
	return name;
}

/* The shared suffix that name is or is below, or NULL. */
static const char *
domain_shared_suffix(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(domain_shared) / sizeof(domain_shared[0]);
	     i++) {
		size_t n = strlen(domain_shared[i]);

		if (len >= n && strcmp(name + len - n, domain_shared[i]) == 0 &&
		    (len == n || name[len - n - 1] == '.'))
			return domain_shared[i];
	}
	return NULL;
}

/* "co.uk" and the like: two labels that belong to a registry. */
static bool
domain_is_second_level(const char *two)
{
	const char *dot = strchr(two, '.');
	size_t n;

	if (dot == NULL || strlen(dot + 1) != 2)
		return false;
	n = (size_t)(dot - two);
	for (size_t i = 0;
	     i < sizeof(domain_second_level) / sizeof(domain_second_level[0]);
	     i++) {
		if (strlen(domain_second_level[i]) == n &&
		    memcmp(two, domain_second_level[i], n) == 0)
			return true;
	}
	return false;
}

static int
domain_count_labels(const char *name)
{
	int n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

const char *
domain_registrable(const char *name)
{
	const char *shared = domain_shared_suffix(name);

	if (shared != NULL)
		return domain_last_labels(
		    name, domain_count_labels(shared) + 1);
	if (domain_is_second_level(domain_last_labels(name, 2)))
		return domain_last_labels(name, 3);
	return domain_last_labels(name, 2);
}

int
domain_pattern_parse(
    struct view text, char name[DOMAIN_NAME_MAX], bool *below, struct err *e)
{
	name[0] = '\0';
	*below = false;
	if (view_is(text, "*")) {
		*below = true;
		return 0;
	}
	if (view_starts(text, "*.")) {
		*below = true;
		text = view_from(text, 2);
	}
	if (domain_parse(text, name, e) == -1)
		return -1;
	if (*below && strchr(name, '.') == NULL)
		return err_set(e, ERR_INVALID,
		    "*.%s is everybody's; name what is meant below it", name);
	return 0;
}

const char *
domain_pattern_text(const char *name, bool below, char out[DOMAIN_PATTERN_MAX])
{
	const char *star = "";

	if (below)
		star = name[0] == '\0' ? "*" : "*.";
	(void)snprintf(out, DOMAIN_PATTERN_MAX, "%s%s", star, name);
	return out;
}

const char *
domain_pattern_warning(const char *name, bool below)
{
	const char *shared;

	if (below && name[0] == '\0')
		return "every name is allowed: data can leave to any of them";
	shared = domain_shared_suffix(name);
	if (below && shared != NULL && strcmp(shared, name) == 0)
		return "anybody can have a name below it: data can leave to "
		       "anybody";
	if (below && domain_is_second_level(name))
		return "it is a registry's: anybody can have a name below it";
	return NULL;
}
