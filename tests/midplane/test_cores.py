import threading
import time

import pytest

from callosal.pipelines.midplane import cores
from callosal.pipelines.midplane.cores import even_parts, on_all_cores


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(monkeypatch, count):
    monkeypatch.setattr(cores, "usable_cores", lambda: count)

    def slow_at_first(item: int) -> int:
        time.sleep(0.01 if item == 0 else 0.0)
        return item * item

    assert on_all_cores(slow_at_first, range(7)) == [0, 1, 4, 9, 16, 25, 36]


def test_two_cores_work_at_the_same_time(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    meeting = threading.Barrier(2, timeout=5)
    on_all_cores(lambda _: meeting.wait(), range(2))  # alone, one would wait until it breaks


def test_one_core_stays_in_its_own_thread(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 1)
    names = on_all_cores(lambda _: threading.current_thread().name, range(3))
    assert set(names) == {threading.current_thread().name}


def test_an_error_reaches_the_caller(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        on_all_cores(lambda item: 1 / item, [1, 0, 2])


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("length", [1, 2, 7, 100])
def test_even_parts_cover_a_range_once(monkeypatch, count, length):
    monkeypatch.setattr(cores, "usable_cores", lambda: count)
    parts = even_parts(length)
    assert [i for part in parts for i in range(length)[part]] == list(range(length))
    assert len(parts) == min(count, length)
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1
