/* layout: is HOME what `coffer setup` makes?  cofferd --init writes it. */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

#include <stdbool.h>

/* Is there an installation, perhaps one that `unsetup` took down? */
bool layout_is_home(const char *home);
/* And is it ready for `coffer up`? */
bool layout_is_ready(const char *home);

#endif
