/* issue_rule: what an issue's or comment's text may be.  Pure. */
#ifndef SERVER_DOMAIN_ISSUE_RULE_H
#define SERVER_DOMAIN_ISSUE_RULE_H

struct err;

/* ERR_INVALID that names the field. */
int issue_rule_title(const char *title, struct err *e);
int issue_rule_body(const char *body, struct err *e);
int issue_rule_comment(const char *body, struct err *e); /* not empty */

#endif
