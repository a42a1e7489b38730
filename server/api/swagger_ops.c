#include "server/api/swagger.h"

const struct swagger_op swagger_ops[] = {
	{ .method = NULL },
};
