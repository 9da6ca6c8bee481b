from pathlib import Path

import pytest

from callosal.pipelines.archive.outgoing import OutgoingObject, read_outgoing
from tests.archive.stores import write_finished


@pytest.fixture
def objects(tmp_path: Path) -> tuple[OutgoingObject, ...]:
    write_finished(tmp_path, 1)
    outgoing = read_outgoing(tmp_path / "cases" / "case-0001")
    assert outgoing is not None
    return outgoing.objects
