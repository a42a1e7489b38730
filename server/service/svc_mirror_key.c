#include "server/service/svc_mirror_key.h"

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "server/service/svc.h"
#include "server/service/svc_secret.h"

static bool
mirror_key_is_text(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > 126))
			return false;
	}
	return true;
}

static int
mirror_key_check(struct view v, struct err *e)
{
	struct view rest = v, first;

	if (v.len > SVC_KEY_MAX)
		return err_set(
		    e, ERR_INVALID, "key: over %d bytes", SVC_KEY_MAX);
	if (!mirror_key_is_text(v) || !view_split(&rest, '\n', &first) ||
	    !view_starts(first, "-----BEGIN ") ||
	    !view_ends(first, "PRIVATE KEY-----"))
		return err_set(e, ERR_INVALID,
		    "key: want the text of a private key without passphrase, "
		    "as ssh-keygen writes it");
	return 0;
}

/* "HOST TYPE KEY", perhaps after @cert-authority. */
static int
mirror_hosts_check(struct view v, struct err *e)
{
	struct view line, word;
	unsigned n = 0;

	if (v.len > SVC_KNOWN_HOSTS_MAX)
		return err_set(e, ERR_INVALID, "known_hosts: over %d bytes",
		    SVC_KNOWN_HOSTS_MAX);
	if (!mirror_key_is_text(v))
		return err_set(e, ERR_INVALID, "known_hosts: it is not text");
	while (v.len > 0 && view_split(&v, '\n', &line)) {
		int words = 0;

		n++;
		line = view_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		while (line.len > 0 && view_split(&line, ' ', &word))
			words += word.len > 0;
		if (words < 3)
			return err_set(e, ERR_INVALID,
			    "known_hosts: line %u: want a host, a type and a "
			    "key, as ssh-keyscan prints them",
			    n);
	}
	return 0;
}

static int
mirror_key_write(struct svc *s, const struct identity *who, int64_t project,
    enum svc_secret what, struct view text, struct err *e)
{
	AUTO_SECRET struct str lines = STR_INIT;

	/* ssh wants the last line ended. */
	str_addv(&lines, text);
	if (text.len > 0)
		str_addc(&lines, '\n');
	return svc_secret_set(s, who, project, what, str_view(&lines), e);
}

int
svc_mirror_set_key(struct svc *s, const struct identity *who, int64_t project,
    const char *key, const char *known_hosts, struct err *e)
{
	struct view k = view_trim(view_of(key));
	struct view h = view_trim(view_of(known_hosts));

	if ((k.len > 0 && mirror_key_check(k, e) == -1) ||
	    mirror_hosts_check(h, e) == -1)
		return -1;
	if (key != NULL &&
	    mirror_key_write(s, who, project, SVC_SECRET_KEY, k, e) == -1)
		return -1;
	if (known_hosts != NULL &&
	    mirror_key_write(s, who, project, SVC_SECRET_KNOWN_HOSTS, h, e) ==
		-1)
		return -1;
	return 0;
}
