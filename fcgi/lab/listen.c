/* One place that closes the socket if a step fails. */
#include "fcgi/lab/listen.h"

#include <errno.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

int
lab_listen(struct sockaddr *address, socklen_t *len, socklen_t size, int flags)
{
    socklen_t bound = *len;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), error;

    *len = size;
    if (fd < 0 || (bind(fd, address, bound) == 0 && listen(fd, BACKLOG) == 0 &&
                   getsockname(fd, address, len) == 0)) {
        return fd;
    }
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}
