"""The page of reason codes names every code of a plan or a person's work, with words for each."""

import ast
import re
from itertools import chain
from pathlib import Path

from callosal.pipelines.callosum.quality import RANGES
from callosal.pipelines.case.blank_slices import REASON as BLANK
from callosal.pipelines.case.equal_voxels import REASON as EQUAL
from callosal.pipelines.case.filled_slices import REASON as FILLED
from callosal.pipelines.case.odd_slices import REASON as ODD
from callosal.pipelines.case.stray_voxels import REASON as STRAY
from callosal.pipelines.case.verdict import PLANE_FACTORS
from callosal.pipelines.outputs.rejection import REJECTED_STATUS
from callosal.pipelines.pictures.reason_words import REASONS
from callosal.pipelines.review.correction import CORRECTED, OUTLINED
from callosal.pipelines.stitching.case import SET_BY_HAND_ONLY

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/reasons.md").read_text(encoding="utf-8")
GIVING = {"lowered", "_never_sure", "Verdict"}


def named_on_the_page() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE))


def written_in_the_code() -> set[str]:
    """Codes that some module gives as a literal to what lowers a confidence, or to a verdict."""
    codes = set()
    for path in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in GIVING:
                    codes |= set(chain.from_iterable(map(texts_in, node.args)))
    return codes


def texts_in(argument: ast.expr) -> list[str]:
    """The text of an argument, or those of a tuple."""
    parts = argument.elts if isinstance(argument, ast.Tuple) else [argument]
    constants = [one.value for one in parts if isinstance(one, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def test_every_code_that_lowers_a_confidence_has_words_and_a_row() -> None:
    written = written_in_the_code()
    assert {"coarse_voxels", "off_midline", "neighbours_disagree"} <= written
    assert "nothing_segmented" in written
    codes = written | {code for _, code in RANGES.values()} | set(PLANE_FACTORS)
    codes |= {FILLED, BLANK, ODD, STRAY, EQUAL, SET_BY_HAND_ONLY}
    assert codes - set(REASONS) == set()
    assert codes - named_on_the_page() == set()


def test_every_code_of_a_review_has_words_and_a_row() -> None:
    codes = {CORRECTED, OUTLINED, REJECTED_STATUS}
    assert codes - set(REASONS) == set()
    assert codes - named_on_the_page() == set()


def test_every_row_of_the_page_is_a_code() -> None:
    assert named_on_the_page() - set(REASONS) == set()
