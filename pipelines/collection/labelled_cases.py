"""Which cases of a run carry a label that a person answers for, and why the others do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from callosal.models.errors import CallosalError
from callosal.pipelines.outputs.file_names import CASES, MASK, MIDSAGITTAL, REVIEWED_PLAN
from callosal.pipelines.review.case_files import case_names, read_plan
from callosal.pipelines.review.history import latest_review
from callosal.pipelines.stitching.case import KIND as JOINED

Label = Literal["drawn", "accepted", "none"]

LEFT_OUT = {
    "not_reviewed": "nobody has decided on them",
    "rejected": "they were rejected",
    "no_mask": "they have no mask; draw one in `callosal review`",
    "region_only": "only their region was corrected; accept or correct the mask in "
    "`callosal review`",
    "review_of_earlier_plan": "they were planned again since; look at them again",
    "bad_review": "their review or plan cannot be read",
    "same_picture": "another case shows the same picture",
}
"""Why a case is left out, in words that follow a number of cases."""

EXPECTED = frozenset({"not_reviewed", "rejected", "same_picture"})
"""Reasons that are as they should be."""


@dataclass(frozen=True)
class LabelledCase:
    """A case whose mask a person accepted or corrected.

    Attributes:
        run: Folder of its run.
        name: Name of the case.
        decision: accepted or corrected.
        revision: Number of the review.
        label: Where the mask of the midsagittal slice is from: `drawn`, `accepted` as the network
            made it, or `none` where only slices beside it have masks that a person drew.
    """

    run: Path
    name: str
    decision: str
    revision: int
    label: Label

    @property
    def folder(self) -> Path:
        """Folder of the case."""
        return self.run / CASES / self.name


@dataclass(frozen=True)
class LeftOutCase:
    """A case that gives no label.

    Attributes:
        name: Name of the case.
        code: One of `LEFT_OUT`.
    """

    name: str
    code: str


def find_labelled(run: Path) -> Iterator[LabelledCase | LeftOutCase]:
    """Judge every case of a run by its newest review.

    Args:
        run: Folder that `callosal infer --output` wrote.

    Raises:
        InputError: The folder is not the output of a run.
    """
    for name in case_names(run):
        try:
            yield _judged(run, name)
        except CallosalError:
            yield LeftOutCase(name, "bad_review")


def _judged(run: Path, name: str) -> LabelledCase | LeftOutCase:
    folder = run / CASES / name
    review = latest_review(folder)
    if review is None:
        is_lost = (folder / REVIEWED_PLAN).exists()
        return LeftOutCase(name, "bad_review" if is_lost else "not_reviewed")
    plan, digest = read_plan(folder)
    if review["decision"] == "rejected":
        return LeftOutCase(name, "rejected")
    if review["plan_sha256"] != digest:
        return LeftOutCase(name, "review_of_earlier_plan")
    is_drawn = review.get("mask") is not None
    has_mask = is_drawn or (folder / MASK).is_file()
    if not has_mask or not (folder / MIDSAGITTAL).is_file() or plan.source.get("kind") == JOINED:
        return LeftOutCase(name, "no_mask")
    label: Label = "drawn" if is_drawn else "accepted"
    if review["decision"] == "corrected" and not is_drawn:
        if not review.get("neighbours"):
            return LeftOutCase(name, "region_only")
        label = "none"
    return LabelledCase(run, name, review["decision"], review["revision"], label)
