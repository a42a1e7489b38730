/*
 * push_names: the names that one push brings, beside those that are there.
 * What exists is entered name by name and compared with what the push asks for,
 * so that 100,000 refs cost a look each and no memory.  Pure.
 *
 * Two names collide when a file system that knows no case, or one that keeps
 * refs as files, cannot have both: A and a, a and a/b, A/b and a/c.
 */
#ifndef SERVER_DOMAIN_PUSH_NAMES_H
#define SERVER_DOMAIN_PUSH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct push_command;
struct push_names;

/* Borrows the commands' names, and those that are entered. */
struct push_names *push_names_new(const struct push_command *c, size_t n)
    __attribute__((returns_nonnull));
void push_names_free(struct push_names *x);

/* A full ref name that exists. */
void push_names_enter(struct push_names *x, const char *name);
/* One of upstream's, whether it exists here or not. */
void push_names_enter_upstream(struct push_names *x, const char *name);

/* Of a command's name. */
bool push_names_here(const struct push_names *x, const char *ref);
bool push_names_upstream(const struct push_names *x, const char *ref);
/* A name that a new ref collides with, NULL: none. */
const char *push_names_rival(const struct push_names *x, const char *ref);

#endif
