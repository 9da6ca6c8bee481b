"""Encrypted connections: both ways, with and without certificates of clients."""

import ssl
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from callosal.models.errors import InputError
from callosal.pipelines.archive.c_store import StoreArchive
from callosal.pipelines.archive.faults import Unreachable
from callosal.pipelines.archive.outgoing import OutgoingObject, read_outgoing
from callosal.pipelines.archive.stow import StowArchive
from callosal.pipelines.archive.tls import Tls
from tests.archive.certificates import make_authority, tls_of, web_store
from tests.archive.stores import store, write_finished


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ours", "theirs"):
        make_authority(folder / name)
    return folder


@pytest.fixture
def item(tmp_path: Path) -> OutgoingObject:
    write_finished(tmp_path, 1)
    outgoing = read_outgoing(tmp_path / "cases" / "case-0001")
    assert outgoing is not None
    return outgoing.objects[0]


def test_objects_travel_encrypted_with_certificates_of_both_sides(
    authorities: Path, item: OutgoingObject
) -> None:
    ours, theirs = (authorities / name for name in ("ours", "theirs"))
    client = tls_of(ours, "client")
    with store(tls=tls_of(ours, "server").server_context("--tls")) as made:
        with StoreArchive(made.node, "ME", client).connect() as link:
            link.send(item)
        assert list(made.objects) == [item.sop_instance_uid]
        for wrong, words in (
            (Tls(), "TLS"),
            (Tls(theirs / "ca.pem"), "certificate verify failed"),
            (Tls(ours / "ca.pem"), "TLS|handshake|alert|connection"),
            (Tls(ours / "ca.pem", theirs / "client.pem", theirs / "client.key"),
             "TLS|alert|connection"),
        ):  # fmt: skip
            archive = StoreArchive(made.node, "ME", wrong)
            with pytest.raises(Unreachable, match=words), archive.connect():
                pass
        assert len(made.came) == 1


def test_the_web_service_is_checked_too(
    authorities: Path, item: OutgoingObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authorities / "theirs" / "ca.pem"))
    ours, theirs = (authorities / name for name in ("ours", "theirs"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours / "server.pem", ours / "server.key")
    with web_store(context) as made:
        for tls in (Tls(), Tls(theirs / "ca.pem")):
            with (
                StowArchive(made.url, None, tls).connect() as link,
                pytest.raises(Unreachable, match="certificate verify failed"),
            ):
                link.send(item)
        with StowArchive(made.url, None, tls_of(ours, "client")).connect() as link:
            link.send(item)
    assert len(made.objects) == 1


def test_files_that_are_no_certificates_are_told(authorities: Path, tmp_path: Path) -> None:
    ours = authorities / "ours"
    (tmp_path / "x.pem").write_text("x")
    for tls in (Tls(tmp_path / "x.pem"), Tls(tmp_path / "absent"),
                Tls(None, ours / "server.pem", ours / "client.key")):  # fmt: skip
        with pytest.raises(InputError) as caught:
            tls.client_context("--send-tls")
        assert caught.value.code == "bad_certificate"
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(InputError, match="name both"):
        Tls(certificate=ours / "server.pem")
    with pytest.raises(InputError, match="listens"):
        Tls(ours / "ca.pem").server_context("--tls")
