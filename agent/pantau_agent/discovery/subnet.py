"""Decides which addresses may be scanned: a small part of a private network, and nothing else."""

import ipaddress

SHORTEST_PREFIX = 22
"""Prefix length of the largest network that is scanned: 1,022 addresses. A camera cluster has at most 100."""
_PRIVATE_NETWORKS = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598: behind a provider's NAT, as leased links are
        "169.254.0.0/16",  # RFC 3927: cameras without a DHCP server
        "127.0.0.0/8",
    )
)
"""Networks that are not part of the public Internet."""


class SubnetError(ValueError):
    """The network is not scanned; the text says why and what to do."""


def host_addresses(subnet: str) -> list[str]:
    """Return the host addresses of a network such as 10.20.3.0/24; host bits are ignored.

    Raises:
        SubnetError: it is no IPv4 network, too large, or public.
    """
    try:
        network = ipaddress.IPv4Network(subnet.strip(), strict=False)
    except ValueError:
        raise SubnetError(f"{subnet!r} is no IPv4 network; write it as 10.20.3.0/24") from None
    if not any(network.subnet_of(private) for private in _PRIVATE_NETWORKS):
        raise SubnetError(f"{network} is not a private network: what belongs to others is not scanned")
    if network.prefixlen < SHORTEST_PREFIX:
        raise SubnetError(
            f"{network} has {network.num_addresses} addresses, and at most a /{SHORTEST_PREFIX} is scanned "
            f"({1 << (32 - SHORTEST_PREFIX)}): scan it part by part, or without --subnet"
        )
    return [str(address) for address in network.hosts()]
