"""What the images of a case show: plane, callosum and pose, before they are judged."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.segmentation import Callosum, best_callosum, find_callosa
from callosal.pipelines.case.localizer_callosum import find_localizer_callosum
from callosal.pipelines.case.localizer_slices import sagittal_slices
from callosal.pipelines.case.neighbours import Spread
from callosal.pipelines.case.off_midline import doubted_off_midline
from callosal.pipelines.case.pose import Pose, find_pose
from callosal.pipelines.midplane.localizer_plane import find_localizer_plane
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.midplane.sagittal_views import SagittalViews, views
from callosal.pipelines.planning.head_extent import find_head
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Observation:
    """What the images of a case show, before it is judged.

    Attributes:
        seen: The sagittal slices that were looked at.
        head: Coarse mask of the head.
        callosum: The mask and its slice, where anything was segmented.
        pose: The pose and the plan that follow from it.
        spread: Deviation of the pose between the slices of a localizer; None elsewhere.
        timings_ms: Milliseconds of each stage so far.
    """

    seen: SagittalViews
    head: Volume
    callosum: Callosum | None
    pose: Pose | None
    spread: Spread | None
    timings_ms: Mapping[str, float]


class Stopwatch:
    """Milliseconds of each stage, in the order they ran."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the last lap for a stage."""
        now = time.perf_counter()
        self.timings_ms[stage] = (now - self._last) * 1000
        self._last = now


def look(images: Images, segmenter: Segmenter, settings: Settings) -> Observation:
    """Find callosum, pose and plan; arguments as of `process_volume`."""
    if isinstance(images, LocalizerVolumes):
        return _look_at_localizer(images, segmenter, settings)
    watch = Stopwatch()
    seen = views(images, segmenter.contract.spacing_mm)
    watch.lap("midsagittal")
    callosum = best_callosum(doubted_off_midline(find_callosa(seen.slices, segmenter), seen))
    watch.lap("segmentation")
    head = find_head(images)
    pose = None if callosum is None else find_pose(callosum, head, settings)
    watch.lap("plan")
    return Observation(seen, head, callosum, pose, None, watch.timings_ms)


def _look_at_localizer(
    images: LocalizerVolumes, segmenter: Segmenter, settings: Settings
) -> Observation:
    watch = Stopwatch()
    plane = find_localizer_plane(images.stacks)
    watch.lap("midsagittal")
    slices = sagittal_slices(images, plane, segmenter.contract.spacing_mm)
    found = find_localizer_callosum(slices, images.slice_distance_mm, plane, segmenter)
    watch.lap("segmentation")
    head = find_head(images.tissue())
    if found is None:
        return Observation(
            SagittalViews(tuple(slices), 3, plane), head, None, None, None, watch.timings_ms
        )
    pose = find_pose(found.callosum, head, settings)
    watch.lap("plan")
    seen = SagittalViews((found.callosum.slice_image,), 3, plane)
    return Observation(seen, head, found.callosum, pose, found.spread, watch.timings_ms)
