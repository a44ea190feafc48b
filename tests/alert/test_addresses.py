"""The corpus of addresses and names that alerts do not go to, and do where they are listed."""

import csv
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alert.addresses import (
    AddressRefusedError,
    AllowList,
    read_allow_list,
    resolved,
    vetted,
    why_blocked,
)
from app.core.errors import SettingsError

CORPUS = [
    (row["host"], row["addresses"], row["why"])
    for row in csv.DictReader(
        (Path(__file__).parent / "data" / "refused.csv").read_text("utf-8").splitlines()
    )
]


def resolver(addresses: str) -> object:
    """What the corpus says of a name; numbers are read by the system's own resolver."""

    def resolve(host: str, port: int) -> Sequence[str]:
        if addresses == "-":
            return ()
        if addresses:
            return addresses.split()
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=_NO_NETWORK)
        return [str(entry[4][0]) for entry in found]

    return resolve


_NO_NETWORK = socket.AI_NUMERICHOST


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60
    assert len({host for host, _, _ in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize(("host", "addresses", "why"), CORPUS, ids=[row[0] for row in CORPUS])
def test_it_is_refused_and_allowed_where_it_is_listed(host: str, addresses: str, why: str) -> None:
    resolve = resolved if host == "localhost" else resolver(addresses)
    with pytest.raises(AddressRefusedError) as refused:
        vetted(host, 443, AllowList(), resolve)  # type: ignore[arg-type]
    assert why in refused.value.message
    if why in ("found", "no address"):
        with pytest.raises(AddressRefusedError):  # what cannot be found is not allowed by a list
            vetted(host, 443, read_allow_list(["0.0.0.0/0", "::/0"]), resolve)  # type: ignore[arg-type]
        return
    bare = [str(one) for one in (resolve)(host.strip("[]"), 443)]  # type: ignore[operator]
    listed = [str(ip_address(one.partition("%")[0])) for one in bare]
    found = vetted(host, 443, read_allow_list(listed), resolve)  # type: ignore[arg-type]
    assert [str(one) for one in found] == [str(ip_address(one)) for one in bare]


def test_a_listed_name_may_have_any_address() -> None:
    allow = read_allow_list(["Hooks.Internal."])
    for host in ("hooks.internal", "HOOKS.internal", "hooks.internal."):
        assert vetted(host, 80, allow, lambda *_: ["10.0.0.1"]) == (IPv4Address("10.0.0.1"),)
    for host in ("hooks.internal.evil.example", "xhooks.internal", "internal"):
        with pytest.raises(AddressRefusedError):
            vetted(host, 80, allow, lambda *_: ["10.0.0.1"])


def test_a_listed_ipv4_network_does_not_open_its_ipv6_clothes() -> None:
    allow = read_allow_list(["127.0.0.0/8"])
    for address in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"):
        with pytest.raises(AddressRefusedError):
            vetted("x", 80, allow, lambda *_, one=address: [one])


@pytest.mark.parametrize(
    "public", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450::1"]
)
def test_public_addresses_are_dialled(public: str) -> None:
    assert why_blocked(ip_address(public)) == ""


@given(st.integers(0, 2**32 - 1))
def test_nothing_that_the_library_calls_private_gets_through(number: int) -> None:
    address = IPv4Address(number)
    if not address.is_global:
        assert why_blocked(address)


@given(
    st.integers(0, 2**128 - 1), st.sampled_from([None, 0x2000 << 112, 0xFC00 << 112, 0xFFFF << 32])
)
def test_nothing_that_the_library_calls_private_gets_through_in_ipv6(
    number: int, prefix: int | None
) -> None:
    address = IPv6Address(number if prefix is None else prefix | number >> 24)
    if not address.is_global:
        assert why_blocked(address)


@pytest.mark.parametrize(
    "written", ["10.0.0.1/8", "http://x", "a b", "", "300.1.1.1/8", "ö.de", "a..b"]
)
def test_an_allow_list_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(SettingsError, match=r"neither a network nor a host name"):
        read_allow_list([written])
