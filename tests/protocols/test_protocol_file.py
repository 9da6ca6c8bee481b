"""Protocol files: those that ship, and the mistakes of own ones."""

from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.protocols.protocol_file import (
    read_protocol,
    shipped_protocols,
    with_protocol,
)
from callosal.pipelines.settings import PlanSettings, Settings, SliceSettings


def test_every_protocol_that_ships_can_be_read() -> None:
    names = set(shipped_protocols())
    assert names == {"callosum", "ac_pc", "orbitomeatal", "hippocampus", "brain_stem"}
    for name in names:
        assert with_protocol(Settings(), name).protocol.name == name


def test_the_protocol_of_the_callosum_has_the_slices_of_the_default() -> None:
    assert with_protocol(Settings(), "callosum").plan == PlanSettings()


def test_an_own_file_sets_what_it_names_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "line: endpoints\nangle_offset_deg: -3\n"
        "stacks:\n  coronal: {thickness_mm: 2, n_slices: 40, fov_mm: [180, 200]}\n"
    )
    before = Settings(plan=PlanSettings(transverse=SliceSettings(3.0, 0.0)), markups=True)
    settings = with_protocol(before, str(path))
    assert settings.protocol.line == "endpoints"
    assert settings.protocol.angle_offset_deg == -3
    assert settings.plan.coronal == SliceSettings(2.0, 1.0, 40, (180.0, 200.0))
    assert settings.plan.transverse == before.plan.transverse
    assert settings.markups
    assert settings.config_sha256 != before.config_sha256


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("line: acpc", "line 'acpc' is not one of"),
        ("lines: ac_pc", "did you mean line?"),
        ("stacks: {transversal: {}}", "did you mean transverse?"),
        ("stacks: {transverse: {thickness: 3}}", "did you mean thickness_mm?"),
        ("stacks: {transverse: {thickness_mm: -1}}", "must be above 0"),
        ("stacks: {transverse: {n_slices: 2.5}}", "not a whole number"),
        ("stacks: {transverse: {n_slices: 0}}", "must lie in 1 to"),
        ("stacks: {transverse: {fov_mm: 200}}", "not a list of two numbers"),
        ("angle_offset_deg: steep", "is not a number"),
        ("angle_offset_deg: 80", "must lie in -45 to 45"),
        ("angle_offset_deg: .nan", "must lie in -45 to 45"),
        ("- ac_pc", "is not a mapping"),
        ("line: !!python/object:os.system {}", "cannot be read as YAML"),
        ("line: [", "cannot be read as YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="protocol mine") as caught:
        read_protocol(str(path))
    assert told in str(caught.value)
    assert caught.value.code == "bad_protocol"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean hippocampus"):
        read_protocol("hippocampal")
