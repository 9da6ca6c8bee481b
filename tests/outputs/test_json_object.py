from pathlib import Path

import pytest

from callosal.pipelines.outputs.json_object import json_object


@pytest.mark.parametrize(
    ("content", "found"),
    [(b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b'{"a"', {}), (b"\xff", {}), (None, {})],
)
def test_only_an_object_is_taken(
    content: bytes | None, found: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    assert json_object(path) == found
