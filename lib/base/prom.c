#include "lib/base/prom.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/str.h"

static void
prom_escape(struct str *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n') {
			str_add(out, "\\n");
			continue;
		}
		if (*s == '"' || *s == '\\')
			str_addc(out, '\\');
		str_addc(out, *s);
	}
}

void
prom_head(struct str *out, const char *name, const char *type, const char *help)
{
	str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
prom_name(struct str *out, const char *name, const char *const *labels)
{
	str_add(out, name);
	if (labels == NULL || labels[0] == NULL)
		return;
	for (size_t i = 0; labels[i] != NULL; i += 2) {
		str_addf(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i]);
		prom_escape(out, labels[i + 1]);
		str_addc(out, '"');
	}
	str_addc(out, '}');
}

void
prom_i64(
    struct str *out, const char *name, const char *const *labels, int64_t value)
{
	prom_name(out, name, labels);
	str_addf(out, " %" PRId64 "\n", value);
}

void
prom_milli(
    struct str *out, const char *name, const char *const *labels, int64_t value)
{
	prom_name(out, name, labels);
	str_addf(out, " %s%lld.%03lld\n", value < 0 ? "-" : "",
	    llabs(value) / 1000, llabs(value) % 1000);
}
