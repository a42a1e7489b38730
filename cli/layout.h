/* layout: is HOME what `coffer setup` makes?  cofferd --init writes it. */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

#include <stdbool.h>

bool layout_is_ready(const char *home);

#endif
