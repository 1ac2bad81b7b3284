/* GET /api as a bare libfcgi program: one thread, the same bytes, nothing else. */
#include "t/bench/bare.h"

#include <string.h>

static void
reply(struct bare *bare)
{
    static const char body[] = "{\"title\":\"fastchat api\",\"registration\":\"open\"}";

    bare_send(bare, "200", body, (int)strlen(body));
}

int
main(void)
{
    return bare_run(1, NULL, reply);
}
