"""The audit of the lowest allowed versions: what it looks up, and that silence is not soundness."""

import importlib.util
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "release" / "audit_floors.py"
spec = importlib.util.spec_from_file_location("audit_floors", SCRIPT)
assert spec is not None
assert spec.loader is not None
audit_floors = importlib.util.module_from_spec(spec)
sys.modules["audit_floors"] = audit_floors
spec.loader.exec_module(audit_floors)


def test_every_requirement_has_a_floor() -> None:
    wanted = audit_floors.requirements()
    assert {"pydicom", "onnxruntime", "torch", "pynetdicom", "setuptools"} <= {
        w.name for w in wanted
    }
    assert "callosal" not in {w.name for w in wanted}
    for requirement in wanted:
        operators = {part.operator for part in requirement.specifier}
        assert operators & {">=", "==", "~="}, f"{requirement} has no lower bound"


def test_the_lowest_version_within_the_bounds_is_taken() -> None:
    versions = [Version(word) for word in ("2.6.5", "2.6.6", "2.6.3", "2.7.0", "2.6.7rc1")]
    wanted = Requirement("pytorch-lightning>=2.6.6,!=2.6.3")
    assert audit_floors.lowest(wanted, versions) == Version("2.6.6")
    assert audit_floors.lowest(Requirement("x>=3"), versions) is None


HOLE = {"name": "a", "version": "1", "vulns": [{"id": "GHSA-1", "aliases": ["CVE-1"],
                                                "fix_versions": ["2"]}]}  # fmt: skip
SOUND = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "could not be audited"}


@pytest.mark.parametrize(
    ("findings", "unknown", "code"),
    [([SOUND], {}, 0), ([SOUND, SKIPPED], {}, 2), ([SOUND], {"d": "gone"}, 2),
     ([HOLE, SKIPPED], {}, 1)],
)  # fmt: skip
def test_what_was_not_checked_is_not_sound(
    findings: list[dict[str, object]], unknown: dict[str, str], code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert audit_floors.told(findings, unknown) == code
    told = capsys.readouterr().out
    assert ("a 1: GHSA-1, CVE-1; fixed in 2" in told) == (HOLE in findings)
    assert ("not checked" in told) == (code == 2 or SKIPPED in findings)
