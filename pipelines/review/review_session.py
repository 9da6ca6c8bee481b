"""The desk of a reviewer: the cases of one run, what is known of each, and new decisions."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outputs.file_names import CASES, PLAN
from callosal.pipelines.outputs.mapping_file import cases_of_run, name_line
from callosal.pipelines.outputs.rejection import put_objects_back, set_objects_aside
from callosal.pipelines.review.case_entry import (
    case_entry,
    outline_entry,
    pictures_of,
    standing_cause,
)
from callosal.pipelines.review.case_files import ReviewCase, case_names, plan_summary, read_case
from callosal.pipelines.review.correction import corrected_plan, is_joined
from callosal.pipelines.review.fresh_report import FreshReport
from callosal.pipelines.review.hand_outline import hand_outline
from callosal.pipelines.review.history import add_review, latest_review, review_summary
from callosal.pipelines.review.mask_entry import Mask, mask_of_entry
from callosal.pipelines.review.neighbours import (
    NeighbourMasks,
    neighbour_masks_of_entries,
    neighbour_pictures,
    reviewed_masks,
    write_reviewed_neighbours,
)
from callosal.pipelines.review.review_document import (
    Decision,
    Judgement,
    outline_of,
    review_document,
    roi_of_entry,
)
from callosal.pipelines.review.reviewed_capture import write_reviewed_capture
from callosal.pipelines.review.reviewed_mask import write_reviewed_mask
from callosal.pipelines.review.reviewed_pictures import write_reviewed_pictures
from callosal.pipelines.review.reviewed_report import write_reviewed_report
from callosal.pipelines.review.reviewed_table import write_reviewed_table, write_standing_row
from callosal.pipelines.review.run_settings import RunSettings, read_run_settings
from callosal.pipelines.stitching.roi_files import write_roi

_CASES_IN_MEMORY = 8


@dataclass(frozen=True, eq=False)
class ReviewSession:
    """One run under review.

    Attributes:
        output: Folder of the run.
        names: Cases that may be asked for, and no other.
        settings: How the run planned.
        report: Its report.html, made again after each decision.
        called: What a mapping calls each case; shown by the server alone, never written.
    """

    output: Path
    names: tuple[str, ...]
    settings: RunSettings
    report: FreshReport
    called: Mapping[str, str] = field(default_factory=dict)
    _saving: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, output: Path, mapping: Path | None = None) -> "ReviewSession":
        """The desk of a run's folder.

        Args:
            output: The folder.
            mapping: File that `callosal infer --mapping` wrote, to name the cases on the pages.

        Raises:
            InputError: It is not the folder of a run, or holds no case, or the mapping is none, or
                that of another run.
        """
        names = case_names(output)
        if not names:
            raise InputError(
                f"{output}: the run has no case to review, because nothing in its inputs was "
                "planned or joined; report.html and results.csv in it say why",
                "no_cases",
            )
        called = {name: name_line(line) for name, line in cases_of_run(mapping, output).items()}
        return cls(output, names, read_run_settings(output), FreshReport(output), called)

    def folder(self, name: str) -> Path:
        """Folder of a case.

        Raises:
            InputError: There is no such case (`no_such_case`).
        """
        if name not in self.names:
            raise InputError("there is no such case in this run", "no_such_case")
        return self.output / CASES / name

    def case(self, name: str) -> ReviewCase:
        """A case, read again when its plan has changed."""
        return _cached_case(self.output, name, (self.folder(name) / PLAN).stat().st_mtime_ns)

    def overview(self) -> list[dict[str, Any]]:
        """One entry a case, for the list."""
        return [self._entry(name) for name in self.names]

    def _entry(self, name: str) -> dict[str, Any]:
        folder = self.folder(name)
        called = self.called.get(name, "")
        return {"case_id": name, "name": called, **plan_summary(folder), **review_summary(folder)}

    def case_entry(self, name: str) -> dict[str, Any]:
        """Everything that the page needs of a case, except the pixels."""
        return case_entry(self.case(name), latest_review(self.folder(name)), self.settings)

    def picture(self, name: str, picture: str) -> SliceImage:
        """One picture of a case.

        Raises:
            InputError: There is no such case or picture.
        """
        case = self.case(name)
        pictures = pictures_of(case) | neighbour_pictures(case)
        if picture not in pictures:
            raise InputError("there is no such picture of this case", "no_such_picture")
        return pictures[picture]

    def planned(self, name: str, roi: RotatedBox) -> dict[str, Any]:
        """Pose and stacks that a region gives, without keeping them."""
        plan = corrected_plan(self.case(name), roi, self.settings)
        return {"final": plan["final"], "planes": plan["planes"]}

    def outlined(self, name: str, entry: object) -> dict[str, Any]:
        """Region and outline that a mask gives, without keeping them.

        Args:
            name: The case.
            entry: The mask, as of `mask_entry`.

        Raises:
            CallosalError: It is no mask of the slice, or cannot be that of a callosum.
        """
        mask = self.mask_of(name, entry)
        return outline_entry(hand_outline(mask, self.case(name).midsagittal, self.settings))

    def mask_of(self, name: str, entry: object) -> Mask:
        """A mask as a page sends it, on the slice of a case.

        Raises:
            InputError: It is none of this slice (`bad_mask`).
        """
        return mask_of_entry(entry, self.case(name).midsagittal.pixels.shape)

    def neighbour_masks_of(self, name: str, entries: object) -> NeighbourMasks:
        """Masks of the slices beside the midsagittal one, as a page sends them.

        Raises:
            InputError: They do not fit the slices of the case (`bad_mask`).
        """
        return neighbour_masks_of_entries(entries, self.case(name))

    def save(self, name: str, judgement: Judgement, based_on: int) -> dict[str, Any]:
        """Keep a decision, and write structured report, table and report.html again.

        Args:
            name: The case.
            judgement: What was decided.
            based_on: Revision that the reviewer saw, 0 for none.

        Returns: The review as kept, why its plan is not ok, and what could not be made from it.

        Raises:
            ReviewConflictError: Another revision was saved since.
            CallosalError: The decision is not a valid review; nothing is kept.
        """
        case, folder = self.case(name), self.folder(name)
        with self._saving:
            document = review_document(
                case, judgement, self.settings, based_on + 1, datetime.now(UTC)
            )
            add_review(folder, document)
            outline = outline_of(case, judgement, self.settings)
            is_corrected = judgement.decision is Decision.CORRECTED
            roi = roi_of_entry(document["roi"]) if is_corrected else None
            if judgement.decision is Decision.REJECTED:
                set_objects_aside(folder)
            else:
                put_objects_back(folder)
            if is_joined(case):
                notes = write_roi(folder, case.midsagittal, roi)
            else:
                notes = write_reviewed_report(folder, document, outline)
                notes += write_reviewed_mask(folder, document, outline)
                overlay = write_reviewed_pictures(folder, case, roi, outline)
                notes += write_reviewed_capture(folder, document, overlay)
                mask = None if outline is None else outline.mask
                write_reviewed_neighbours(folder, case, reviewed_masks(case, document), mask)
            write_standing_row(self.output, name)
            write_reviewed_table(self.output)
        self.report.renew()
        cause = standing_cause(case, document)
        return {"review": document, "cause": cause, "notes": notes}


@lru_cache(maxsize=_CASES_IN_MEMORY)
def _cached_case(output: Path, name: str, changed_ns: int) -> ReviewCase:
    return read_case(output, name)
