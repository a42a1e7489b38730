#include "server/domain/issue_rule.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/domain/items.h"

int
issue_rule_title(const char *title, struct err *e)
{
	size_t n = strlen(title);

	if (n == 0 || view_trim(view_of(title)).len == 0)
		return err_set(e, ERR_INVALID, "title: it is empty");
	if (n > TITLE_LEN_MAX)
		return err_set(
		    e, ERR_INVALID, "title: over %d bytes", TITLE_LEN_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)title[i] < ' ' || title[i] == 0x7f)
			return err_set(
			    e, ERR_INVALID, "title: no control characters");
	return 0;
}

int
issue_rule_body(const char *body, struct err *e)
{
	if (strlen(body) > BODY_LEN_MAX)
		return err_set(
		    e, ERR_INVALID, "body: over %d bytes", BODY_LEN_MAX);
	return 0;
}

int
issue_rule_comment(const char *body, struct err *e)
{
	if (view_trim(view_of(body)).len == 0)
		return err_set(e, ERR_INVALID, "body: it is empty");
	return issue_rule_body(body, e);
}
