/* slash: lib/base/slash.h, which both sides read comments with. */
#ifndef AGENTD_COMMAND_SLASH_H
#define AGENTD_COMMAND_SLASH_H

#include "lib/base/slash.h"

#endif
