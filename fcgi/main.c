/* The program: started by a web server, or from the command line. */
#include <fcntl.h>
#include <unistd.h>

#include "fcgi/cli/cli.h"
#include "fcgi/cli/start.h"
#include "fcgi/worker/cgi.h"

/* A program may be started without standard streams: the first sockets would take their place. */
static void
main_open_streams(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd < STDERR_FILENO) {
        fd = dup(fd);
    }
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

int
main(int count, char **args)
{
    main_open_streams();
    if (cgi_is_cgi()) {
        return start_cgi();
    }
    return count < 2 && start_has_socket() ? start_api_worker() : cli_run(count, args);
}
