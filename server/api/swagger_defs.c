#include "server/api/swagger.h"

const struct swagger_def swagger_defs[] = {
	{ .name = NULL },
};
