/* api_figures: struct svc_figures out of what agentd sends, and as metrics. */
#ifndef SERVER_API_API_FIGURES_H
#define SERVER_API_API_FIGURES_H

#include <stdbool.h>

struct json;
struct str;
struct svc_figures;

/* What is none of them, or too much, is left out. */
void api_figures_read(const struct json *j, struct svc_figures *out);
/* up: agentd was heard of lately. */
void api_figures_metrics(const struct svc_figures *f, bool up, struct str *out);

#endif
