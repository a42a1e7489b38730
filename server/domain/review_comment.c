#include "server/domain/review_comment.h"

#include <stdlib.h>

void
review_comment_release(struct review_comment *x)
{
	free(x->path);
	free(x->hunk);
	free(x->body);
	*x = (struct review_comment){ .id = 0 };
}

void
review_comment_list_release(struct review_comment_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		review_comment_release(&l->at[i]);
	free(l->at);
	*l = (struct review_comment_list){ .n = 0 };
}
