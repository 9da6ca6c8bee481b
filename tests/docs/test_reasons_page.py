"""The page of reason codes names every code that lowers a confidence, with words for each."""

import ast
import re
from pathlib import Path

from callosal.pipelines.callosum.quality import RANGES
from callosal.pipelines.case.verdict import PLANE_FACTORS
from callosal.pipelines.pictures.reason_words import REASONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/reasons.md").read_text(encoding="utf-8")
LOWERING = {"lowered", "_never_sure"}


def named_on_the_page() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE))


def written_in_the_code() -> set[str]:
    """Codes that some module gives as a literal to what lowers a confidence."""
    codes = set()
    for path in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                codes |= {text for text in texts if name in LOWERING and isinstance(text, str)}
    return codes


def test_every_code_that_lowers_a_confidence_has_words_and_a_row() -> None:
    written = written_in_the_code()
    assert {"coarse_voxels", "off_midline", "neighbours_disagree"} <= written
    codes = written | {code for _, code in RANGES.values()} | set(PLANE_FACTORS)
    assert codes - set(REASONS) == set()
    assert codes - named_on_the_page() == set()


def test_every_row_of_the_page_is_a_code() -> None:
    assert named_on_the_page() - set(REASONS) == set()
