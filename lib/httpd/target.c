#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd_priv.h"

/* How often the headers that frame a message were seen. */
struct target_head {
	unsigned hosts;
	unsigned lengths;
	unsigned encodings;
	const char *length;
	const char *encoding;
	bool bad_name;
};

/* RFC 9110, 5.6.2: tchar. */
static bool
target_is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9') &&
		    strchr("!#$%&'*+-.^_`|~", *s) == NULL)
			return false;
	return true;
}

static enum MHD_Result
target_on_header(
    void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct target_head *h = cls;

	(void)kind;
	if (!target_is_token(name))
		h->bad_name = true;
	if (strcasecmp(name, "host") == 0) {
		h->hosts++;
	} else if (strcasecmp(name, "content-length") == 0) {
		h->lengths++;
		h->length = value;
	} else if (strcasecmp(name, "transfer-encoding") == 0) {
		h->encodings++;
		h->encoding = value;
	}
	return MHD_YES;
}

/*
 * RFC 9112, 6.3: a message whose end two readers could see at two places is
 * refused, whatever MHD would have made of it.
 */
static const char *
target_check_framing(struct request *q, const struct target_head *h)
{
	struct err e = ERR_INIT;

	if (h->bad_name)
		return "a header name is malformed";
	if (h->hosts > 1 || (h->hosts == 0 && !q->http10))
		return "exactly one Host header is needed";
	if (h->lengths > 1 || h->encodings > 1)
		return "Content-Length or Transfer-Encoding is repeated";
	if (h->lengths > 0 && h->encodings > 0)
		return "Content-Length and Transfer-Encoding exclude "
		       "each other";
	if (h->encodings > 0) {
		if (q->http10 || h->encoding == NULL ||
		    strcasecmp(h->encoding, "chunked") != 0)
			return "Transfer-Encoding must be chunked";
		q->length = -1;
	}
	if (h->lengths > 0 &&
	    (h->length == NULL ||
		num_i64(h->length, 0, INT64_MAX, &q->length, &e) == -1))
		return "Content-Length is not a number";
	return NULL;
}

/* RFC 9112, 3.2: origin-form, absolute-form (its authority is skipped), "*". */
static const char *
target_find_path(char *target)
{
	char *p = target;

	if (strncasecmp(target, "http://", 7) == 0) {
		p = target + 7 + strcspn(target + 7, "/");
		if (*p == '\0')
			return "/";
	}
	return *p == '/' || strcmp(p, "*") == 0 ? p : NULL;
}

static const char *
target_split(struct request *q)
{
	struct str decoded = STR_INIT;
	struct err e = ERR_INIT;
	char *query;

	for (const char *s = q->target; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return "the target has a space or control byte";
	query = strchr(q->target, '?');
	q->raw_query = "";
	if (query != NULL) {
		*query = '\0';
		q->raw_query = query + 1;
	}
	q->raw_path = target_find_path(q->target);
	if (q->raw_path == NULL)
		return "the target is not a path";
	if (strchr(q->raw_path, '%') == NULL)
		return NULL;
	if (esc_url_decode(view_of(q->raw_path), &decoded, &e) == -1) {
		str_release(&decoded);
		return "the path has a broken or NUL escape";
	}
	q->path = str_steal(&decoded);
	return NULL;
}

/* "a=1&b" becomes "a\0001\000b\000\000". */
static const char *
target_split_query(struct request *q)
{
	struct view rest = view_of(q->raw_query), pair, name;
	struct err e = ERR_INIT;

	while (view_split(&rest, '&', &pair)) {
		struct view value = pair;

		if (pair.len == 0)
			continue;
		(void)view_split(&value, '=', &name);
		if (value.p == NULL)
			value.len = 0;
		if (esc_form_decode(name, &q->query, &e) == -1)
			return "the query has a broken or NUL escape";
		str_addc(&q->query, '\0');
		if (esc_form_decode(value, &q->query, &e) == -1)
			return "the query has a broken or NUL escape";
		str_addc(&q->query, '\0');
	}
	return NULL;
}

const char *
request_query(const struct request *q, const char *name)
{
	const char *p = str_cstr(&q->query), *end = p + q->query.len;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

int
target_check(struct request *q, const char *version, const char **why)
{
	struct target_head head = { .length = NULL };

	q->http10 = strcmp(version, "HTTP/1.0") == 0;
	*why = target_split(q);
	if (*why == NULL)
		*why = target_split_query(q);
	if (*why != NULL)
		return MHD_HTTP_BAD_REQUEST;
	if (!q->http10 && strcmp(version, "HTTP/1.1") != 0) {
		*why = "HTTP/1.1 or HTTP/1.0 is needed";
		return strncmp(version, "HTTP/", 5) == 0
		    ? MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED
		    : MHD_HTTP_BAD_REQUEST;
	}
	if (!target_is_token(q->method)) {
		*why = "the method is malformed";
		return MHD_HTTP_BAD_REQUEST;
	}
	MHD_get_connection_values(
	    q->mhd, MHD_HEADER_KIND, target_on_header, &head);
	*why = target_check_framing(q, &head);
	return *why == NULL ? 0 : MHD_HTTP_BAD_REQUEST;
}
