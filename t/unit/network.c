/* The networks that limits count together. */
#include "base/network.h"

#include "t/unit/tap.h"

static const char *
network(const char *address, int ipv4_bits, int ipv6_bits)
{
    static char text[NETWORK_SIZE];

    network_of(address, ipv4_bits, ipv6_bits, text);
    return text;
}

int
main(void)
{
    char name[200];

    is_str(network("2001:db8:1:2:3:4:5:6", 32, 64), "2001:db8:1:2::", "a /64 of IPv6");
    is_str(network("2001:db8:1:2:3:4:5:6", 32, 48), "2001:db8:1::", "a /48 of IPv6");
    is_str(network("2001:0DB8:0001::1", 32, 48), "2001:db8:1::", "the text has one form");
    is_str(network("2001:db8:ffff::", 32, 44), "2001:db8:fff0::", "a prefix within a byte");
    is_str(network("192.0.2.77", 32, 64), "192.0.2.77", "a whole IPv4 address");
    is_str(network("192.0.2.77", 24, 64), "192.0.2.0", "a /24 of IPv4");
    is_str(network("::ffff:192.0.2.77", 24, 64), "192.0.2.0", "an IPv4-mapped address is IPv4");
    is_str(network("unix:", 24, 48), "unix:", "text that is no address is itself");
    is_str(network("", 24, 48), "", "an empty address is itself");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    is_int((int64_t)strlen(network(name, 24, 48)), NETWORK_SIZE - 1, "long text is cut");
    return done_testing();
}
