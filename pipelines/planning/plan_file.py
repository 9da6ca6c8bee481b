"""The file plan.json: read, checked, and given as typed values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.callosum.finding import Finding, Kind
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine
from callosal.pipelines.geometry.rotated_box import Point, RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.planning.plan import SliceStack
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.planning.plan_versions import current_plan

SCHEMAS = ("callosal/plan/1", "callosal/plan/2")

Position = tuple[float, float, float]


@dataclass(frozen=True)
class PlannedLine:
    """The reference line, in mm in the midsagittal slice.

    Attributes:
        kind: How it was found.
        start_mm: Anterior end (x, y).
        end_mm: Posterior end (x, y).
        angle_deg: Tilt in (-90, 90], positive with the anterior end higher.
    """

    kind: LineKind
    start_mm: Point
    end_mm: Point
    angle_deg: float

    def as_line(self) -> ReferenceLine:
        """The line as geometry."""
        return ReferenceLine(self.kind, self.start_mm, self.end_mm)


@dataclass(frozen=True)
class FinalPose:
    """Box and line fused: the pose that the stacks follow.

    Attributes:
        center_mm: Centre (x, y) in the midsagittal slice.
        angle_deg: Tilt in (-90, 90], positive with the anterior end higher.
        center_lps_mm: Centre in the patient.
    """

    center_mm: Point
    angle_deg: float
    center_lps_mm: Position


@dataclass(frozen=True)
class PlannedStack:
    """One stack of slices.

    Attributes:
        image_orientation_patient: Row direction, then column direction.
        center_lps_mm: Centre of the stack in the patient.
        fov_mm: Field of view along the rows and along the columns.
        thickness_mm: Slice thickness.
        gap_mm: Distance from slice to slice, border to border.
        n_slices: Number of slices.
        prescription: Orientation as a scanner's console shows it, such as `T > C-12.3`.
        assumed: Angles that were not measured, from `tilt` and `turn`.
    """

    image_orientation_patient: tuple[float, ...]
    center_lps_mm: Position
    fov_mm: tuple[float, float]
    thickness_mm: float
    gap_mm: float
    n_slices: int
    prescription: str
    assumed: tuple[str, ...]

    def as_stack(self) -> SliceStack:
        """The stack as geometry."""
        directions = np.array(self.image_orientation_patient)
        return SliceStack(
            row_dir=directions[:3],
            col_dir=directions[3:],
            center_lps_mm=np.array(self.center_lps_mm),
            fov_mm=self.fov_mm,
            thickness_mm=self.thickness_mm,
            gap_mm=self.gap_mm,
            n_slices=self.n_slices,
        )


@dataclass(frozen=True)
class PlannedStacks:
    """The three stacks of a plan."""

    transverse: PlannedStack
    coronal: PlannedStack
    sagittal: PlannedStack

    def by_name(self) -> Mapping[str, PlannedStack]:
        """The stacks with their names, transverse first."""
        return {
            "transverse": self.transverse,
            "coronal": self.coronal,
            "sagittal": self.sagittal,
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """Content of plan.json. What was not found or measured is None.

    Attributes:
        document: The whole content as plain data, unknown keys included.
        status: What the case came to.
        confidence: 0 to 1.
        reasons: Codes of what lowered the confidence, was assumed, or went wrong.
        source: Facts of the images that do not identify the patient.
        midsagittal: Place and grid of the midsagittal slice; its pixels are zeros.
        box: Rectangle of least area around the callosum.
        line: Reference line.
        final: Box and line fused.
        planes: The three stacks.
        dof_estimated: Number of angles that were measured, 0 to 3.
        uncertainty: Of plane and pose, in degrees and mm, by name: `angle95_deg`, `centre95_mm`
            and `plane95_deg` hold for 95 % of cases like this one; `reasons` has the code of each
            of those that is None.
        morphometry: Measures of the callosum by name.
        model: Name, hash and provider of the model.
        software: Versions by name.
        config_sha256: Hash of the settings.
        timings_ms: Milliseconds by stage.
        finding: Whether the callosum is whole, with its probability.
        name: What was planned on, as the console calls it. This and what follows is no part of
            the file: a folder's name can be personal.
        message: Why there is no plan, in one line; "" if there is one.
        picture: The overlay as PNG, or the file that may hold it.

    Example:
        >>> import callosal
        >>> from callosal.pipelines.phantom import phantom_head
        >>> head = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume
        >>> plan = callosal.Planner(device="cpu").plan(head)
        >>> str(plan.status), plan.dof_estimated
        ('ok', 3)
        >>> again = callosal.Plan.from_json(plan.to_json().encode())
        >>> again.planes.transverse.prescription == plan.planes.transverse.prescription
        True
    """

    document: Mapping[str, Any]
    status: Status
    confidence: float | None
    reasons: tuple[str, ...]
    source: Mapping[str, Any]
    midsagittal: SliceImage | None
    box: RotatedBox | None
    line: PlannedLine | None
    final: FinalPose | None
    planes: PlannedStacks | None
    dof_estimated: int | None
    uncertainty: Mapping[str, Any] | None
    morphometry: Mapping[str, Any] | None
    model: Mapping[str, Any] | None
    software: Mapping[str, Any] | None
    config_sha256: str | None
    timings_ms: Mapping[str, float | None] | None
    finding: Finding
    name: str = ""
    message: str = ""
    picture: bytes | Path | None = None

    def __repr__(self) -> str:
        angle = "" if self.final is None else f", angle_deg={self.final.angle_deg:.2f}"
        return (
            f"Plan(status={str(self.status)!r}, confidence={self.confidence}, "
            f"reasons={self.reasons}{angle})"
        )

    def _repr_png_(self) -> bytes | None:
        """The picture that a notebook shows; None, and so the text, where there is none."""
        if isinstance(self.picture, Path):
            return self.picture.read_bytes() if self.picture.is_file() else None
        return self.picture

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """The plan of a file, with the overlay beside it as its picture.

        Raises:
            InputError: It cannot be read (`bad_plan`) or is not a plan (`invalid_plan`).
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from error
        # plan.reviewed.json has a picture of its own, overlay.reviewed.png.
        overlay = path.with_name(path.name.replace("plan", "overlay", 1)).with_suffix(".png")
        return replace(cls.from_json(content, path), picture=overlay)

    @classmethod
    def from_json(cls, content: bytes, path: Path = Path("plan.json")) -> "Plan":
        """The plan of the content of a file.

        Args:
            content: The content.
            path: Where it came from, for the message of an error.

        Raises:
            InputError: It is not JSON (`bad_plan`) or not a plan (`invalid_plan`).
        """
        try:
            document = dict(json.loads(content))
        except (ValueError, TypeError) as error:
            raise _unreadable(path, error) from error
        document = current_plan(document)
        validate_plan(document)
        return cls.from_document(document)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan of a document, without the check against the schema.

        Raises:
            InputError: A part is missing or has another form (`invalid_plan`).
        """
        try:
            if document["schema"] not in SCHEMAS:
                raise ValueError(f"schema {document['schema']!r}")
            document = current_plan(document)
            return cls(
                document=document,
                status=Status(document["status"]),
                confidence=document["confidence"],
                reasons=tuple(document["reasons"]),
                source=document["source"],
                midsagittal=_slice(document["midsagittal"]),
                box=_box(document["box"]),
                line=_line(document["line"]),
                final=_final(document["final"]),
                planes=_stacks(document["planes"]),
                dof_estimated=document["dof_estimated"],
                uncertainty=document["uncertainty"],
                morphometry=document["morphometry"],
                model=document["model"],
                software=document["software"],
                config_sha256=document["config_sha256"],
                timings_ms=document["timings_ms"],
                finding=_finding(document["finding"]),
            )
        except (KeyError, TypeError, ValueError, GeometryError) as error:
            raise InputError(
                f"plan: is not a plan document ({type(error).__name__}: {error})", "invalid_plan"
            ) from error

    def to_json(self) -> str:
        """The text of the file, all of the document."""
        return json.dumps(self.document, indent=1) + "\n"


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.parent.name}: {path.name} cannot be read ({type(error).__name__}); run infer again",
        "bad_plan",
    )


def _slice(entry: Mapping[str, Any] | None) -> SliceImage | None:
    if entry is None:
        return None
    height, width = entry["shape"]
    between_rows, between_columns = entry["spacing_mm"]
    row_dir, col_dir = np.array(entry["row_dir"]), np.array(entry["col_dir"])
    middle = (width - 1) / 2 * between_columns * row_dir + (height - 1) / 2 * between_rows * col_dir
    return SliceImage(
        pixels=np.broadcast_to(np.float32(0), (height, width)),
        spacing_mm=(between_rows, between_columns),
        center_lps_mm=np.array(entry["origin_lps_mm"]) + middle,
        row_dir=row_dir,
        col_dir=col_dir,
    )


def _box(entry: Mapping[str, Any] | None) -> RotatedBox | None:
    if entry is None:
        return None
    return RotatedBox(_point(entry["center_mm"]), _point(entry["size_mm"]), entry["angle_deg"])


def _line(entry: Mapping[str, Any] | None) -> PlannedLine | None:
    if entry is None:
        return None
    ends = _point(entry["start_mm"]), _point(entry["end_mm"])
    return PlannedLine(LineKind(entry["kind"]), *ends, entry["angle_deg"])


def _final(entry: Mapping[str, Any] | None) -> FinalPose | None:
    if entry is None:
        return None
    center = _position(entry["center_lps_mm"])
    return FinalPose(_point(entry["center_mm"]), entry["angle_deg"], center)


def _stacks(entry: Mapping[str, Any] | None) -> PlannedStacks | None:
    if entry is None:
        return None
    return PlannedStacks(
        _stack(entry["transverse"]), _stack(entry["coronal"]), _stack(entry["sagittal"])
    )


def _stack(entry: Mapping[str, Any]) -> PlannedStack:
    return PlannedStack(
        image_orientation_patient=tuple(entry["image_orientation_patient"]),
        center_lps_mm=_position(entry["center_lps_mm"]),
        fov_mm=_point(entry["fov_mm"]),
        thickness_mm=entry["thickness_mm"],
        gap_mm=entry["gap_mm"],
        n_slices=entry["n_slices"],
        prescription=entry["prescription"],
        assumed=tuple(entry["assumed"]),
    )


def _point(values: Any) -> Point:
    x, y = values
    return float(x), float(y)


def _position(values: Any) -> Position:
    x, y, z = values
    return float(x), float(y), float(z)


def _finding(entry: Mapping[str, Any]) -> Finding:
    return Finding(Kind(entry["kind"]), entry["probability"], tuple(entry["missing"]))
