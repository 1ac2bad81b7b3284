/* Masks the address's bytes, and prints them again in the one form that inet_ntop gives them. */
#include "base/network.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Clears all bits after the first `bits`. */
static void
network_mask(uint8_t *bytes, int count, int bits)
{
    for (int i = 0; i < count; i++) {
        int kept = bits - 8 * i;

        if (kept <= 0) {
            bytes[i] = 0;
        } else if (kept < 8) {
            bytes[i] &= (uint8_t)(0xFF << (8 - kept));
        }
    }
}

void
network_of(const char *address, int ipv4_bits, int ipv6_bits, char network[static NETWORK_SIZE])
{
    struct in6_addr six;
    struct in_addr four;

    _Static_assert(NETWORK_SIZE == INET6_ADDRSTRLEN, "every address fits");
    if (inet_pton(AF_INET6, address, &six) == 1) {
        if (!IN6_IS_ADDR_V4MAPPED(&six)) {
            network_mask(six.s6_addr, 16, ipv6_bits);
            (void)inet_ntop(AF_INET6, &six, network, NETWORK_SIZE);
            return;
        }
        memcpy(&four, six.s6_addr + 12, sizeof(four));
    } else if (inet_pton(AF_INET, address, &four) != 1) {
        (void)snprintf(network, NETWORK_SIZE, "%s", address);
        return;
    }
    network_mask((uint8_t *)&four, 4, ipv4_bits);
    (void)inet_ntop(AF_INET, &four, network, NETWORK_SIZE);
}
