"""Where alerts may not go: addresses inside the company, unless the operator listed them.

A name is resolved, every address it has is vetted, and the connection is made to a vetted
address, so a name that answers differently the second time changes nothing. The list is
our own: the standard library calls some of these global (IANA's special-purpose registries
and what tunnels an IPv4 address inside an IPv6 one).
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from app.core.errors import LakewardenError, SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: (host, port) → the texts of its addresses. Raises OSError.
Resolve = Callable[[str, int], Sequence[str]]

_BLOCKED = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by carriers (CGNAT)",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own service",
    "169.254.0.0/16": "link-local, and clouds' metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "automatic multicast tunnels",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved or broadcast",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "local NAT64",
    "100::/64": "discarded",
    "100:0:0:1::/64": "a dummy prefix",
    "2001::/23": "reserved for protocols, Teredo among them",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "5f00::/16": "segment routing (SRv6)",
    "fc00::/7": "unique local",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
    "::/8": "unspecified, loopback, or an IPv4 address in IPv6 clothes",
}
_BLOCKED_NETWORKS: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(written), why) for written, why in _BLOCKED.items()
)
#: The only IPv6 addresses that anybody was ever given.
_GLOBAL_UNICAST = ip_network("2000::/3")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


class AddressRefusedError(LakewardenError):
    """A receiver's address is one that alerts may not go to."""

    code = "address-refused"
    status = 422


@dataclass(frozen=True, slots=True)
class AllowList:
    """What the operator lists in `alerts.allow`: networks, and names as they are written."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    def has_name(self, host: str) -> bool:
        """Whether the name itself is listed: then any address it has will do."""
        return _folded(host) in self.names

    def has_address(self, address: Address) -> bool:
        """Whether the address is in a listed network."""
        return any(
            address.version == network.version and address in network for network in self.networks
        )


def read_allow_list(written: Iterable[str]) -> AllowList:
    """The list of `alerts.allow`. Raises SettingsError for what is neither."""
    networks: list[Network] = []
    names: set[str] = set()
    for one in written:
        try:
            networks.append(ip_network(one))
            continue
        except ValueError:
            pass
        if "/" in one or ":" in one or not one.isascii() or not _is_name(one):
            raise SettingsError(
                f"alerts.allow: {one!r} is neither a network nor a host name",
                mend="Write for example 10.20.0.0/16 (no bits set behind it) or hooks.internal",
            )
        names.add(_folded(one))
    return AllowList(tuple(networks), frozenset(names))


def why_blocked(address: Address) -> str:
    """What is special about an address; empty for an ordinary public one."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return "an address with a zone"
    for network, why in _BLOCKED_NETWORKS:
        if address.version == network.version and address in network:
            return why
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL_UNICAST:
            return "not given to anybody"
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return "an IPv4 address in IPv6 clothes (ISATAP)"
    return ""


def resolved(host: str, port: int) -> Sequence[str]:
    """The host's addresses by the system's resolver, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def vetted(
    host: str, port: int, allow: AllowList, resolve: Resolve = resolved
) -> tuple[Address, ...]:
    """The addresses that may be connected to. Raises AddressRefusedError.

    One address that may not be used refuses the whole name: which of them a connection
    would take is chance.
    """
    bare = host.removeprefix("[").removesuffix("]")
    try:
        found = resolve(bare, port)
        addresses = tuple(ip_address(text) for text in found)
    except (OSError, ValueError, UnicodeError):
        raise _refused(bare, "its addresses cannot be found") from None
    if not addresses:
        raise _refused(bare, "it has no address")
    if not allow.has_name(bare):
        for address in addresses:
            why = why_blocked(address)
            if why and not allow.has_address(address):
                raise _refused(bare, f"{address} is {why}")
    return addresses


def _refused(host: str, why: str) -> AddressRefusedError:
    return AddressRefusedError(
        f"alerts do not go to {host!r}: {why}",
        mend="Mend the channel's url, or list the address or the name in alerts.allow",
    )


def _folded(host: str) -> str:
    return host.casefold().removesuffix(".")


def _is_name(text: str) -> bool:
    labels = _folded(text).split(".")
    return all(
        label and len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum()
        for label in labels
    )
