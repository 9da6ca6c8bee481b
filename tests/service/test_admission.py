import pytest

from callosal.models.errors import InputError
from callosal.pipelines.service.admission import Admission


def test_by_default_this_machine_alone_is_let_in() -> None:
    admission = Admission.of(["SCANNER"], None, "127.0.0.1")
    assert admission.lets_in("127.0.0.1")
    assert admission.lets_in("::1")
    assert admission.lets_in("::ffff:127.0.0.1")
    for host in ("10.0.0.1", "0.0.0.0", "::ffff:10.0.0.1", "fe80::1%eth0", "localhost", ""):
        assert not admission.lets_in(host), host


def test_addresses_and_networks_are_let_in() -> None:
    admission = Admission.of(["SCANNER"], ["10.0.0.7", "192.168.4.0/24", "fd00::/8"], "0.0.0.0")
    for host in ("10.0.0.7", "192.168.4.255", "fd12::1", "::ffff:10.0.0.7"):
        assert admission.lets_in(host), host
    for host in ("10.0.0.8", "192.168.5.1", "127.0.0.1"):
        assert not admission.lets_in(host), host


@pytest.mark.parametrize(
    ("titles", "hosts", "bind", "what"),
    [
        ([], None, "127.0.0.1", "nothing would be accepted"),
        (["A"], None, "0.0.0.0", "--allow-host"),
        (["A"], None, "::", "--allow-host"),
        (["A"], None, "localhost", "must be an address"),
        (["A"], ["scanner.example"], "127.0.0.1", "names are not looked up"),
        (["A"], ["10.0.0.7/24"], "127.0.0.1", "must be an address or a network"),
        (["A" * 17], None, "127.0.0.1", "1 to 16"),
    ],
)
def test_what_says_too_little_is_refused(
    titles: list[str], hosts: list[str] | None, bind: str, what: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        Admission.of(titles, hosts, bind)
    assert caught.value.code == "wrong_usage"


def test_commas_part_titles_and_hosts() -> None:
    admission = Admission.of(["A,B C", "D"], ["10.0.0.7,10.1.0.0/16"], "127.0.0.1")
    assert admission.ae_titles == ("A", "B C", "D")
    assert admission.lets_in("10.0.0.7")
    assert admission.lets_in("10.1.2.3")
    with pytest.raises(InputError, match="1 to 16"):
        Admission.of(["A,"], None, "127.0.0.1")
