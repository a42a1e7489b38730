/*
 * provider: the kinds of servers that can review, as rows: how they are
 * spoken to, where they are, which ways of asking for JSON they may have, how
 * much they take.  Pure.
 */
#ifndef CLI_REVIEWER_PROVIDER_H
#define CLI_REVIEWER_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

enum provider_shape {
	PROVIDER_MESSAGES,  /* Anthropic */
	PROVIDER_CHAT,      /* OpenAI chat completions */
	PROVIDER_RESPONSES, /* OpenAI responses */
	PROVIDER_OLLAMA     /* its own: the other one cannot set num_ctx */
};

/* How JSON is asked for, the best first.  Whatever it is, what comes is
 * checked (verdict.h). */
enum provider_mode {
	PROVIDER_SCHEMA, /* held to a schema by the server */
	PROVIDER_TOOL,   /* one tool, whose use is forced */
	PROVIDER_OBJECT, /* some JSON */
	PROVIDER_TEXT,
	PROVIDER_MODES
};

/* Who knows how large the context is. */
enum provider_context {
	PROVIDER_CONTEXT_ROW,
	PROVIDER_CONTEXT_PROPS,  /* llama.cpp: /props */
	PROVIDER_CONTEXT_MODELS, /* vLLM: max_model_len of /models */
	PROVIDER_CONTEXT_SHOW    /* Ollama: /api/show */
};

struct provider {
	const char *name;
	const char *help;
	enum provider_shape shape;
	const char *url; /* NULL: it has to be given */
	unsigned modes;  /* a bit for each that it may have */
	enum provider_context where;
	int64_t context;    /* tokens, when nobody says */
	const char *tokens; /* what the limit of an answer is called */
	bool keyless;       /* no key is fine */
	bool fixed;         /* takes temperature 0 */
	bool route;         /* OpenRouter: who may see what is sent */
};

/* NULL: there is no such one. */
const struct provider *provider_find(const char *name);
/* The i-th row; NULL after the last. */
const struct provider *provider_at(unsigned i);
const char *provider_mode_name(enum provider_mode m);
/* The next mode after m that it may have; PROVIDER_MODES: there is none. */
enum provider_mode provider_next_mode(
    const struct provider *p, enum provider_mode m);
enum provider_mode provider_first_mode(const struct provider *p);

#endif
