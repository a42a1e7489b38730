#include "agentd/sandbox/driver.h"

#include <string.h>

#include "agentd/sandbox/engine_driver.h"
#include "agentd/sandbox/oci.h"

static const struct driver *const driver_table[] = { &oci_driver,
	&engine_driver, NULL };

const struct driver *
driver_find(const char *name)
{
	if (name == NULL)
		return driver_table[0];
	for (size_t i = 0; driver_table[i] != NULL; i++) {
		if (strcmp(driver_table[i]->name, name) == 0)
			return driver_table[i];
	}
	return NULL;
}
