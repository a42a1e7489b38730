#include <string.h>

#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/git/mirror_fetch.h"

enum {
	MIRROR_SECRETS_MAX = 4,
	MIRROR_SECRET_MIN = 4 /* shorter ones would hide ordinary words */
};

static const char *const mirror_token_marks[] = { "ghp_", "gho_", "ghs_",
	"ghu_", "ghr_", "github_pat_", "glpat-", "Basic ", "Bearer ", NULL };

static size_t
mirror_token_at(struct view v)
{
	for (size_t i = 0; mirror_token_marks[i] != NULL; i++)
		if (view_starts(v, mirror_token_marks[i])) {
			size_t n = strlen(mirror_token_marks[i]);

			while (n < v.len && (unsigned char)v.p[n] > ' ' &&
			    strchr("'\"", v.p[n]) == NULL)
				n++;
			return n;
		}
	return 0;
}

/* The forms in which a token is sent. */
struct mirror_secrets {
	struct view v[MIRROR_SECRETS_MAX];
	size_t n;
	struct str basic;
};

static void
mirror_secrets_add(struct mirror_secrets *x, struct view v)
{
	if (v.len >= MIRROR_SECRET_MIN)
		x->v[x->n++] = v;
}

static void
mirror_secrets_init(struct mirror_secrets *x, const char *token)
{
	AUTO_STR struct str plain = STR_INIT;
	const char *colon = strchr(token, ':');

	*x = (struct mirror_secrets){ .n = 0, .basic = STR_INIT };
	if (token[0] == '\0')
		return;
	mirror_secrets_add(x, view_of(token));
	if (colon == NULL)
		str_add(&plain, "x-access-token:");
	else
		mirror_secrets_add(x, view_of(colon + 1));
	str_add(&plain, token);
	esc_base64(&x->basic, str_view(&plain));
	mirror_secrets_add(x, str_view(&x->basic));
	explicit_bzero(plain.p, plain.len);
}

static void
mirror_secrets_release(struct mirror_secrets *x)
{
	if (x->basic.p != NULL)
		explicit_bzero(x->basic.p, x->basic.len);
	str_release(&x->basic);
}

static size_t
mirror_secret_at(const struct mirror_secrets *x, struct view text)
{
	for (size_t i = 0; i < x->n; i++)
		if (text.len >= x->v[i].len &&
		    memcmp(text.p, x->v[i].p, x->v[i].len) == 0)
			return x->v[i].len;
	return mirror_token_at(text);
}

/* Past //, the user and password that may follow. */
static size_t
mirror_userinfo(struct view text)
{
	size_t at = 2;

	while (at < text.len && text.p[at] != '@' && text.p[at] != '/' &&
	    (unsigned char)text.p[at] > ' ')
		at++;
	return at < text.len && text.p[at] == '@' ? at + 1 : 2;
}

void
mirror_scrub(struct str *out, struct view text, const char *token)
{
	struct mirror_secrets secrets;

	mirror_secrets_init(&secrets, token);
	while (text.len > 0) {
		size_t n = mirror_secret_at(&secrets, text);
		char c = text.p[0];

		if (n > 0) {
			str_add(out, "[hidden]");
		} else if (view_starts(text, "//")) {
			str_add(out, "//");
			n = mirror_userinfo(text);
		} else {
			if ((unsigned char)c < ' ' || c == 0x7f)
				c = ' ';
			str_addc(out, c);
			n = 1;
		}
		text = view_from(text, n);
	}
	mirror_secrets_release(&secrets);
}
