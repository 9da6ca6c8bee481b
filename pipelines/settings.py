"""What a user may set of pose and plan. It imports nothing heavy: the command line reads it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from callosal.models.errors import GeometryError

DicomObject = Literal["seg", "sr", "sc", "pr"]
Line = Literal["subcallosal", "endpoints", "principal_axis"]

ProtocolLine = Literal[
    "final", "subcallosal", "endpoints", "principal_axis",
    "ac_pc", "orbitomeatal", "hippocampal", "brain_stem",
]  # fmt: skip
ProtocolCenter = Literal["final", "ac", "pc", "ac_pc", "hippocampal", "brain_stem"]

MOST_SLICES = 512


@dataclass(frozen=True)
class FusionSettings:
    """How box and line are fused.

    Attributes:
        box_weight: Share of the box in centre and angle, 0 to 1; the line has the rest.
        margin_mm: Added to the box's size on every side.
        angle_scale_deg: Angle between box and line at which the agreement falls to 0.61.
        shift_scale: Shift of the centres along the box at which it falls as far, as a share of the
            length.
    """

    box_weight: float = 0.5
    margin_mm: float = 10.0
    angle_scale_deg: float = 8.0
    shift_scale: float = 0.10

    def __post_init__(self) -> None:
        if not 0 <= self.box_weight <= 1:
            raise GeometryError(
                f"fusion: box_weight {self.box_weight} must lie in 0 to 1", "bad_weight"
            )


@dataclass(frozen=True)
class SliceSettings:
    """Slices of one stack.

    Attributes:
        thickness_mm: Slice thickness, above 0.
        gap_mm: Distance between slices, 0 or more.
        n_slices: Number of slices about the centre of the plan; None for as many as cover the
            brain.
        fov_mm: Field of view along the rows and along the columns, about the centre of the plan;
            None for one that covers the head.
    """

    thickness_mm: float = 5.0
    gap_mm: float = 1.0
    n_slices: int | None = None
    fov_mm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not (self.thickness_mm > 0 and self.gap_mm >= 0):
            raise GeometryError(
                f"plan: thickness {self.thickness_mm} mm must be above 0 and gap "
                f"{self.gap_mm} mm not below",
                "bad_slices",
            )
        if self.n_slices is not None and not 1 <= self.n_slices <= MOST_SLICES:
            raise GeometryError(
                f"plan: n_slices {self.n_slices} must lie in 1 to {MOST_SLICES}", "bad_slices"
            )
        if self.fov_mm is not None and not all(10 <= side <= 600 for side in self.fov_mm):
            raise GeometryError(
                f"plan: fov_mm {list(self.fov_mm)} must lie in 10 to 600", "bad_slices"
            )


@dataclass(frozen=True)
class PlanSettings:
    """What the operator would set; the defaults are those of a routine adult 2D brain protocol.

    Attributes:
        transverse: 5 mm slices, 20 % gap.
        coronal: 5 mm slices, 20 % gap.
        sagittal: 4 mm slices, 20 % gap.
        fov_margin_mm: Margin between the head and the edge of the field of view, on each side.
        slice_margin_mm: Cover at both ends of a stack beyond the brain, taken to end where the
            head ends or where no brain reaches farther.
        fov_step_mm: The field of view is rounded up to a multiple of this.
    """

    transverse: SliceSettings = field(default_factory=SliceSettings)
    coronal: SliceSettings = field(default_factory=SliceSettings)
    sagittal: SliceSettings = field(default_factory=lambda: SliceSettings(4.0, 0.8))
    fov_margin_mm: float = 10.0
    slice_margin_mm: float = 0.0
    fov_step_mm: float = 10.0


@dataclass(frozen=True)
class ProtocolSettings:
    """Which line of the midsagittal slice the stacks follow, and about which point they lie.

    Attributes:
        name: What the protocol is called.
        line: final is the pose of the callosum, box and line fused; the others are lines of the
            callosum or of the brain.
        angle_offset_deg: Added to the line's tilt; positive lifts the anterior end.
        center: final is the centre of the callosum's pose; the others are points of the brain.
    """

    name: str = "own"
    line: ProtocolLine = "final"
    angle_offset_deg: float = 0.0
    center: ProtocolCenter = "final"

    def __post_init__(self) -> None:
        if not -45 <= self.angle_offset_deg <= 45:
            raise GeometryError(
                f"protocol: angle_offset_deg {self.angle_offset_deg} must lie in -45 to 45",
                "bad_protocol",
            )


@dataclass(frozen=True)
class Settings:
    """How a case is planned.

    Attributes:
        line: Which reference line is fused with the box.
        fusion: Weights and margin of the final ROI.
        plan: Slices and fields of view of the three stacks.
        aligned_voxel_mm: Voxel size of the volume resliced along the plan, if one is wanted.
        parcels: Also write parcels.nii.gz and parcels.png: the parts of the callosum, counted
            along its midline, by Witelson (7) or by Hofer and Frahm (5).
        dicom_objects: What is written for the archive of a DICOM case: seg (seg.dcm, the mask on
            the source grid), sr (plan_sr.dcm, the plan as a structured report), sc
            (overlay_sc.dcm, the overlay as a Secondary Capture) and pr (plan_pr.dcm, a
            presentation state that draws the plan on the images); [] for none.
        markups: Also write plan.mrk.json, the plan as markups that 3D Slicer opens.
        head_size: Also estimate the size of the head, and the callosum's area relative to it.
        protocol: Line and centre of the stacks, where they are not those of the callosum.

    Example:
        >>> import callosal
        >>> settings = callosal.Settings(line="endpoints")
        >>> settings.plan.transverse.thickness_mm
        5.0
        >>> settings.config_sha256 == callosal.Settings().config_sha256
        False
    """

    line: Line = "subcallosal"
    fusion: FusionSettings = field(default_factory=FusionSettings)
    plan: PlanSettings = field(default_factory=PlanSettings)
    aligned_voxel_mm: float | None = None
    parcels: Literal["witelson", "hofer_frahm"] | None = None
    dicom_objects: tuple[DicomObject, ...] = ("seg", "sr")
    markups: bool = False
    head_size: bool = False
    protocol: ProtocolSettings | None = None

    def __post_init__(self) -> None:
        if self.aligned_voxel_mm is not None and not 0.2 <= self.aligned_voxel_mm <= 10:
            raise GeometryError(
                f"settings: aligned_voxel_mm {self.aligned_voxel_mm} must lie in 0.2 to 10",
                "bad_spacing",
            )

    @property
    def config_sha256(self) -> str:
        """Hash of all values: results of equal hash were planned with equal settings."""
        values = asdict(self)
        # These came later: the hash of earlier runs stays what it was.
        for name in ("markups", "head_size", "protocol"):
            if not values[name]:
                del values[name]
        for stack in ("transverse", "coronal", "sagittal"):
            for name in ("n_slices", "fov_mm"):
                if values["plan"][stack][name] is None:
                    del values["plan"][stack][name]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
