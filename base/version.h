/* The program's version. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define FASTCHAT_VERSION "0.1.0"

#endif
