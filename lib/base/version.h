/* version: of all the programs of this tree. */
#ifndef LIB_BASE_VERSION_H
#define LIB_BASE_VERSION_H

#define VERSION "0.1.0"

#endif
