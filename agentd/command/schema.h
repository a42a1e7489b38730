/*
 * schema: does a JSON value fit?  A part of JSON Schema: type, enum,
 * properties, required, additionalProperties (true or false), items, minItems,
 * maxItems, minLength, maxLength, minimum, maximum; title, description and
 * $schema are for people.  Another keyword is an error: what is not checked
 * must not look as if it were.  Pure; depth and size are lib/wire/json's.
 */
#ifndef AGENTD_COMMAND_SCHEMA_H
#define AGENTD_COMMAND_SCHEMA_H

struct err;
struct json;

/* Is it a schema of that kind? */
int schema_check(const struct json *schema, struct err *e);
/* ERR_INVALID says where: "$.items[3].name: is missing".  Of a schema that was
 * checked. */
int schema_judge(
    const struct json *schema, const struct json *value, struct err *e);

#endif
