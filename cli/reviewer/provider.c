#include "cli/reviewer/provider.h"

#include <stddef.h>
#include <string.h>

#define MODE(m) (1U << PROVIDER_##m)
#define ALL (MODE(SCHEMA) | MODE(TOOL) | MODE(OBJECT) | MODE(TEXT))

static const struct provider provider_rows[] = {
	{ .name = "anthropic",
	    .help = "Anthropic's messages",
	    .shape = PROVIDER_MESSAGES,
	    .url = "https://api.anthropic.com",
	    .modes = MODE(SCHEMA) | MODE(TOOL) | MODE(TEXT),
	    .context = 200000,
	    .tokens = "max_tokens" },
	{ .name = "openai",
	    .help = "OpenAI's chat completions",
	    .shape = PROVIDER_CHAT,
	    .url = "https://api.openai.com/v1",
	    .modes = ALL,
	    .context = 128000,
	    .tokens = "max_completion_tokens" },
	{ .name = "openai-responses",
	    .help = "OpenAI's responses",
	    .shape = PROVIDER_RESPONSES,
	    .url = "https://api.openai.com/v1",
	    .modes = ALL,
	    .context = 128000,
	    .tokens = "max_output_tokens" },
	{ .name = "openrouter",
	    .help = "OpenRouter, with providers that keep nothing",
	    .shape = PROVIDER_CHAT,
	    .url = "https://openrouter.ai/api/v1",
	    .modes = ALL,
	    .context = 64000,
	    .tokens = "max_tokens",
	    .route = true },
	{ .name = "ollama",
	    .help = "Ollama on this machine",
	    .shape = PROVIDER_OLLAMA,
	    .url = "http://127.0.0.1:11434",
	    .modes = MODE(SCHEMA) | MODE(OBJECT) | MODE(TEXT),
	    .where = PROVIDER_CONTEXT_SHOW,
	    .context = 16384,
	    .tokens = "num_predict",
	    .keyless = true,
	    .fixed = true },
	{ .name = "llamacpp",
	    .help = "llama.cpp's server on this machine",
	    .shape = PROVIDER_CHAT,
	    .url = "http://127.0.0.1:8080/v1",
	    .modes = ALL,
	    .where = PROVIDER_CONTEXT_PROPS,
	    .context = 4096,
	    .tokens = "max_tokens",
	    .keyless = true,
	    .fixed = true },
	{ .name = "vllm",
	    .help = "vLLM's server",
	    .shape = PROVIDER_CHAT,
	    .url = "http://127.0.0.1:8000/v1",
	    .modes = ALL,
	    .where = PROVIDER_CONTEXT_MODELS,
	    .context = 8192,
	    .tokens = "max_tokens",
	    .keyless = true,
	    .fixed = true },
	{ .name = "compatible",
	    .help = "anything that speaks OpenAI's chat completions",
	    .shape = PROVIDER_CHAT,
	    .modes = ALL,
	    .where = PROVIDER_CONTEXT_MODELS,
	    .context = 16384,
	    .tokens = "max_tokens",
	    .keyless = true },
};

static const unsigned provider_n = sizeof(provider_rows) /
    sizeof(provider_rows[0]);

const struct provider *
provider_at(unsigned i)
{
	return i < provider_n ? &provider_rows[i] : NULL;
}

const struct provider *
provider_find(const char *name)
{
	for (unsigned i = 0; name != NULL && i < provider_n; i++)
		if (strcmp(provider_rows[i].name, name) == 0)
			return &provider_rows[i];
	return NULL;
}

const char *
provider_mode_name(enum provider_mode m)
{
	static const char *const names[PROVIDER_MODES] = {
		[PROVIDER_SCHEMA] = "json_schema",
		[PROVIDER_TOOL] = "tool",
		[PROVIDER_OBJECT] = "json_object",
		[PROVIDER_TEXT] = "text",
	};

	return m < PROVIDER_MODES ? names[m] : "none";
}

enum provider_mode
provider_next_mode(const struct provider *p, enum provider_mode m)
{
	for (unsigned i = (unsigned)m + 1; i < PROVIDER_MODES; i++)
		if ((p->modes & (1U << i)) != 0)
			return (enum provider_mode)i;
	return PROVIDER_MODES;
}

enum provider_mode
provider_first_mode(const struct provider *p)
{
	for (unsigned i = 0; i < PROVIDER_MODES; i++)
		if ((p->modes & (1U << i)) != 0)
			return (enum provider_mode)i;
	return PROVIDER_MODES;
}
