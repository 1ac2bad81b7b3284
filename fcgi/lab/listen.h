/* Listening sockets of the lab's own processes, at an address that the system chooses. */
#ifndef FCGI_LAB_LISTEN_H
#define FCGI_LAB_LISTEN_H

#include <sys/socket.h>

/*
 * Listens at the first `*len` bytes of *address and stores the address that was chosen, with its
 * length, in both. `flags` are those of socket(2) beside SOCK_STREAM. Returns -1 with errno.
 */
int lab_listen(struct sockaddr *address, socklen_t *len, socklen_t size, int flags)
    __attribute__((nonnull));

#endif
