#include "server/domain/check_order.h"

#include <stdlib.h>

void
check_order_release(struct check_order *x)
{
	free(x->setup);
	free(x->test);
	*x = (struct check_order){ .comment_id = 0 };
}

void
check_order_list_release(struct check_order_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		check_order_release(&l->at[i]);
	free(l->at);
	*l = (struct check_order_list){ .n = 0 };
}
