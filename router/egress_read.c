#include "router/egress_read.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "router/egress.h"

enum {
	EGRESS_READ_TIME_MAX = 40,
	EGRESS_READ_WARNINGS_MAX = 32
};

static const char *const egress_rule_keys[] = { "domain", "ports", "until",
	NULL };
static const char *const egress_policy_keys[] = { "op", "id", "mode", "allow",
	"deny", "lockdown", "upload_max", NULL };

/* What has a misspelt member would mean something else. */
static int
egress_read_keys(const struct json *j, const char *const *known, struct err *e)
{
	for (const struct json *m = json_first(j); m != NULL;
	     m = json_next(m)) {
		const char *const *k = known;

		while (*k != NULL && !view_is(view_of(json_key(m)), *k))
			k++;
		if (*k == NULL)
			return err_set(e, ERR_INVALID, "no such member: %.40s",
			    json_key(m));
	}
	return 0;
}

static int
egress_read_ports(const struct json *j, struct egress_rule *r, struct err *e)
{
	const struct json *ports = json_get(j, "ports");

	if (ports == NULL || json_is_null(ports))
		return 0;
	if (!json_is_array(ports) || json_count(ports) == 0)
		return err_set(e, ERR_INVALID,
		    "ports: a list of numbers, or left out for 80 and 443");
	for (const struct json *m = json_first(ports); m != NULL;
	     m = json_next(m)) {
		if (egress_rule_port(r, json_integer(m, 0), e) == -1)
			return err_wrap(e, "ports");
	}
	return 0;
}

static int
egress_read_rule(const struct json *j, struct egress_rule *r, struct err *e)
{
	const char *domain = NULL, *until = NULL;
	int rc;

	*r = (struct egress_rule){ .until_ms = 0 };
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "a rule is an object");
	if (egress_read_keys(j, egress_rule_keys, e) == -1)
		return -1;
	rc = json_str(j, "domain", EGRESS_RULE_TEXT_MAX, &domain, e);
	if (rc == 1)
		return err_set(e, ERR_INVALID, "domain is missing");
	if (rc == -1 || egress_rule_domain(r, view_of(domain), e) == -1)
		return err_wrap(e, "domain");
	if (egress_read_ports(j, r, e) == -1)
		return err_wrap(e, "%s", domain);
	rc = json_str(j, "until", EGRESS_READ_TIME_MAX, &until, e);
	if (rc == -1 || (rc == 0 && clock_parse(until, &r->until_ms, e) == -1))
		return err_wrap(e, "%s: until", domain);
	/* 0 would be for good. */
	if (rc == 0 && r->until_ms <= 0)
		return err_set(
		    e, ERR_INVALID, "%s: until is too early", domain);
	return 0;
}

static int
egress_read_list(const struct json *req, const char *key, enum egress_list list,
    struct egress_policy *p, struct err *e)
{
	const struct json *rules = json_get(req, key);
	struct egress_rule r;
	size_t n = 0;

	if (rules == NULL || json_is_null(rules))
		return 0;
	if (!json_is_array(rules) || json_count(rules) > EGRESS_RULES_MAX)
		return err_set(e, ERR_INVALID, "%s: a list of at most %d rules",
		    key, EGRESS_RULES_MAX);
	for (const struct json *m = json_first(rules); m != NULL;
	     m = json_next(m), n++) {
		if (egress_read_rule(m, &r, e) == -1 ||
		    egress_policy_add(p, list, &r, e) == -1)
			return err_wrap(e, "%s[%zu]", key, n);
	}
	return 0;
}

struct egress_policy *
egress_read(const struct json *req, struct err *e)
{
	struct egress_spec spec = { .mode = POLICY_OFF };
	struct egress_policy *p;
	const char *mode = NULL;
	int64_t upload = 0;
	int rc;

	if (egress_read_keys(req, egress_policy_keys, e) == -1)
		return NULL;
	rc = json_str(req, "mode", 16, &mode, e);
	if (rc == 1)
		err_set(e, ERR_INVALID, "mode is missing");
	if (rc != 0 || policy_mode_parse(mode, &spec.mode, e) == -1 ||
	    json_bool(req, "lockdown", &spec.lockdown, e) == -1 ||
	    json_i64(req, "upload_max", 0, INT64_MAX, &upload, e) == -1)
		return NULL;
	spec.upload_max = (uint64_t)upload;
	p = egress_policy_new(&spec);
	if (egress_read_list(req, "allow", EGRESS_ALLOW, p, e) == 0 &&
	    egress_read_list(req, "deny", EGRESS_DENY, p, e) == 0)
		return p;
	egress_policy_free(p);
	return NULL;
}

void
egress_write_taken(const struct egress_policy *p, struct str *out)
{
	const struct egress_rule *r;
	char text[EGRESS_RULE_TEXT_MAX];
	size_t n = 0;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	for (size_t i = 0; n < EGRESS_READ_WARNINGS_MAX &&
	     (r = egress_policy_rule(p, EGRESS_ALLOW, i)) != NULL;
	     i++) {
		AUTO_STR struct str line = STR_INIT;
		const char *why = egress_rule_warning(r);

		if (why == NULL)
			continue;
		if (n++ == 0)
			jw_array(&w, "warnings");
		str_addf(&line, "%s: %s", egress_rule_text(r, text), why);
		jw_str(&w, NULL, str_cstr(&line));
	}
	if (n > 0)
		jw_end(&w);
	jw_end(&w);
}
