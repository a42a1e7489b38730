/* svc_figure: what agentd told of itself, the router and the gateway for the
 * metrics, plain data; in memory only. */
#ifndef SERVER_SERVICE_SVC_FIGURE_H
#define SERVER_SERVICE_SVC_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FIGURE_WORDS = 32, /* so many labels, not more */
	FIGURE_WORD_MAX = 32
};

struct svc_figure_words {
	struct {
		char word[FIGURE_WORD_MAX + 1]; /* of [a-z0-9_-] */
		int64_t n;
	} at[FIGURE_WORDS];
	size_t n;
};

struct svc_figures {
	int64_t runs_active, runs_waiting;
	bool router, gateway; /* there */
	char router_version[FIGURE_WORD_MAX + 1];
	char gateway_version[FIGURE_WORD_MAX + 1]; /* "": not told */
	struct svc_figure_words verdicts;
	int64_t up, down; /* bytes */
	int64_t tokens, exchanges;
	struct svc_figure_words results;
	int64_t ms, own_ms, micros;
};

#endif
