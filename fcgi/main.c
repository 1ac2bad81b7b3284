/* The program: started by a web server, or from the command line. */
#include "fcgi/cli/cli.h"
#include "fcgi/cli/start.h"
#include "fcgi/worker/cgi.h"

int
main(int count, char **args)
{
    if (cgi_is_cgi()) {
        return start_cgi();
    }
    return count < 2 && start_has_socket() ? start_api_worker() : cli_run(count, args);
}
