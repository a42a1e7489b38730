/*
 * map: a hash table from a string to a pointer.  Keys are copied; values
 * belong to the caller.  Numbers are used as keys through map_*_u64, which
 * write them in decimal: 5 and "5" are the same key.  Keys may come from
 * outside: the hash is SipHash with a random seed.
 */
#ifndef LIB_BASE_MAP_H
#define LIB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map;

struct map *map_new(void) __attribute__((returns_nonnull));
void map_free(struct map *m); /* not the values */
size_t map_count(const struct map *m);

void *map_get(const struct map *m, const char *key);
void *map_put(struct map *m, const char *key, void *value); /* old or NULL */
void *map_del(struct map *m, const char *key);              /* old or NULL */
void *map_get_u64(const struct map *m, uint64_t key);
void *map_put_u64(struct map *m, uint64_t key, void *value);
void *map_del_u64(struct map *m, uint64_t key);

/*
 * Walk: start with *cursor = 0; false at the end.  The current entry may be
 * deleted during the walk, nothing may be added.  key and value may be NULL.
 */
bool map_next(
    const struct map *m, size_t *cursor, const char **key, void **value);

#endif
