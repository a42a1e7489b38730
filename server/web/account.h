/* account: what one's own pages share. */
#ifndef SERVER_WEB_ACCOUNT_H
#define SERVER_WEB_ACCOUNT_H

struct web;

/* <h1> and the links between them; at: "" (browsers), "tokens", "password",
 * "hooks". */
void account_title(struct web *w, const char *at);

#endif
