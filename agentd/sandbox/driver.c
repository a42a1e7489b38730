#include "agentd/sandbox/driver.h"

#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_driver.h"
#include "agentd/sandbox/oci.h"
#include "agentd/sandbox/oci_seal.h"
#include "lib/base/err.h"

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

const struct driver *
driver_open(
    struct sandbox_host *h, const struct driver_choice *c, struct err *e)
{
	const struct driver *d = driver_find(c->name);

	if (d == NULL) {
		(void)err_set(e, ERR_INVALID,
		    "no driver is called %.60s; there are oci and engine",
		    c->name);
		return NULL;
	}
	if (d == &oci_driver)
		h->seal = oci_seal_new();
	if (d != &engine_driver)
		return d;
	h->engine = engine_new(h->loop, c->socket, c->runtime, e);
	return h->engine == NULL ? NULL : d;
}

void
driver_describe(const struct sandbox_host *h, const struct driver *d,
    char out[DRIVER_TEXT_MAX])
{
	const struct engine_facts *f;

	(void)snprintf(out, DRIVER_TEXT_MAX, "%s", d->name);
	if (h->engine == NULL)
		return;
	f = engine_facts(h->engine);
	(void)snprintf(out, DRIVER_TEXT_MAX, "%s (%s %s%s)", d->name,
	    f->podman ? "Podman" : "Docker", f->version,
	    f->podman || f->remap != 0 ? "" : ", no user namespace");
}

void
driver_close(struct sandbox_host *h)
{
	engine_free(h->engine);
	h->engine = NULL;
	oci_seal_free(h->seal);
	h->seal = NULL;
}
