"""Sending beside other work."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from callosal.models.errors import OutputError
from callosal.pipelines.archive.c_store import StoreArchive
from callosal.pipelines.archive.dispatch import dispatching
from callosal.pipelines.archive.sender import Patience
from tests.archive.stores import are_equal, store, write_finished

QUICK = Patience(0.1, 0.2)


def _until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_finished_cases_go_to_every_archive_and_one_that_is_down_holds_up_none(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    with store() as down:
        pass
    with store() as made:
        archives = [StoreArchive(down.node, "ME"), StoreArchive(made.node, "ME")]
        sent = write_finished(tmp_path, 1)
        with dispatching(tmp_path, archives, told.append, QUICK) as dispatch:
            _until(lambda: are_equal(sent, made))
            sent |= write_finished(tmp_path, 2)
            dispatch.wake()
            _until(lambda: are_equal(sent, made))
            _until(dispatch.take_news)
            with store(port=down.port) as again:
                _until(lambda: are_equal(sent, again))
                dispatch.finish()
                assert dispatch.n_unsent == 0
    assert made.came == again.came == list(sent)
    assert any("connection refused" in line for line in told)


def test_the_end_waits_for_no_archive_that_is_down_and_the_next_start_sends(
    tmp_path: Path,
) -> None:
    with store() as made:
        pass
    sent = write_finished(tmp_path, 1)
    with dispatching(tmp_path, [StoreArchive(made.node, "ME")], print) as dispatch:
        dispatch.finish()
        assert dispatch.n_unsent == 1
    with store(port=made.port) as again:
        with dispatching(tmp_path, [StoreArchive(again.node, "ME")], print) as dispatch:
            dispatch.finish()
        assert are_equal(sent, again)


def test_two_services_do_not_send_at_once(tmp_path: Path) -> None:
    with store() as made:
        archives = [StoreArchive(made.node, "ME")]
        with (
            dispatching(tmp_path, archives, print),
            pytest.raises(OutputError, match="a service sends") as caught,
            dispatching(tmp_path, archives, print),
        ):
            pass
    assert caught.value.code == "output_in_use"


def test_a_fault_of_ours_does_not_end_the_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("callosal.pipelines.archive.dispatch.LOOK_S", 0.1)
    calls: list[int] = []
    connect = StoreArchive.connect

    def odd(archive: StoreArchive) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("Secret^Marker")
        return connect(archive)

    monkeypatch.setattr(StoreArchive, "connect", odd)
    sent = write_finished(tmp_path, 1)
    with store() as made, dispatching(tmp_path, [StoreArchive(made.node, "ME")], told.append):
        _until(lambda: are_equal(sent, made))
    assert "RuntimeError while sending" in told[0]
    assert "Secret" not in told[0]
