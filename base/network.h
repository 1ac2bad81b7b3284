/* The network of an address, as text: the subject of a limit that counts neighbours together. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

enum { NETWORK_SIZE = 46 }; /* INET6_ADDRSTRLEN */

/*
 * Writes the network of `address` whose prefix has `ipv4_bits` or `ipv6_bits`: "2001:db8::" for 48
 * bits of "2001:db8::7". An IPv4-mapped address (RFC 4291, 2.5.5.2) is the IPv4 address. Text that
 * is no address (a unix socket's) is copied, cut to fit.
 */
void network_of(const char *address, int ipv4_bits, int ipv6_bits,
                char network[static NETWORK_SIZE]) __attribute__((nonnull));

#endif
