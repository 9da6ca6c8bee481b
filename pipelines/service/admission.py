"""Who may send: calling AE titles, and addresses of hosts."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from callosal.models.errors import InputError
from callosal.pipelines.archive.ae_title import check_title

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True)
class Admission:
    """Who may send. Any sender can claim an AE title, so the host counts more.

    Attributes:
        ae_titles: Calling AE titles.
        networks: Where their hosts are.
    """

    ae_titles: tuple[str, ...]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, ae_titles: Sequence[str], hosts: Sequence[str] | None, bind: str) -> "Admission":
        """What `--allow-ae`, `--allow-host` and `--bind` say.

        Args:
            ae_titles: Calling AE titles; several may be in one word, with commas between them.
            hosts: Addresses and networks, likewise; None for this machine only.
            bind: Address to listen at; one that other machines can reach needs `hosts`.

        Raises:
            InputError: `wrong_usage`.
        """
        if not ae_titles:
            raise _wrong("--allow-ae: names no sender, so nothing would be accepted; name its "
                         "calling AE title")  # fmt: skip
        if hosts is None and not _address(bind, "--bind").is_loopback:
            raise _wrong(f"--bind {bind}: can be reached from other machines; say with "
                         "--allow-host which of them may send")  # fmt: skip
        return cls(
            tuple(check_title(title, "--allow-ae") for title in _apart(ae_titles)),
            tuple(_network(host) for host in (_LOOPBACK if hosts is None else _apart(hosts))),
        )

    def lets_in(self, host: str) -> bool:
        """Whether a peer's address is one of the allowed."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


def _apart(words: Sequence[str]) -> list[str]:
    """Words with commas as the parts between them: `A,B` is no AE title that a node has."""
    return [part for word in words for part in word.split(",")]


def _address(word: str, option: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(word)
    except ValueError:
        raise _wrong(f"{option} {word}: must be an address, such as 127.0.0.1") from None


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise _wrong(
            f"--allow-host {word}: must be an address or a network, such as 10.0.0.7 or "
            "10.0.0.0/24; names are not looked up, for an answer can be forged"
        ) from None


def _wrong(message: str) -> InputError:
    return InputError(message, "wrong_usage")
