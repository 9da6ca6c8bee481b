"""The callosum as a DICOM SEG on the grid of its source."""

import hashlib

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.origin import DISCLAIMER, Origin, settle
from callosal.pipelines.hospital.segmented_source import FrameReference, SlicedSource
from callosal.pipelines.hospital.source_mask import SourceMask, mask_on_source
from callosal.pipelines.hospital.structured_report import Review, person_name
from callosal.pipelines.planning.plan_file import Plan


def callosum_segmentation(
    source: SlicedSource,
    plan: Plan,
    mask: NDArray[np.uint8],
    place: SliceImage,
    review: Review | None = None,
    instance_number: int = 1,
) -> Dataset:
    """The mask of the midsagittal slice as a segmentation of the source images.

    Args:
        source: The series that was planned on.
        plan: The plan of the case.
        mask: 0 outside, on the midsagittal slice, shape (H, W).
        place: Place of that slice.
        review: Who corrected the mask, and the segmentation before; None for that of the network.
        instance_number: Number of the object in its series.

    Returns:
        A Segmentation Storage object; the same one for the same arguments.

    Raises:
        GeometryError: The mask lies outside the source.
    """
    origin = Origin.of(source, plan)
    found = mask_on_source(mask, place, source.grid, source.missing)
    segmentation = Segmentation(
        source_images=source.single_frames(found.slices),
        pixel_array=found.frames,
        segmentation_type="BINARY",
        segment_descriptions=[_describe_segment(origin, review)],
        series_instance_uid=_series_uid(origin, review),
        series_number=origin.series_number(1),
        sop_instance_uid=origin.uid("seg", _digest(found)),
        instance_number=instance_number,
        manufacturer="callosal",
        manufacturer_model_name=origin.model,
        software_versions=origin.software,
        device_serial_number=origin.model_sha256[:16],
        content_label="CALLOSUM",
        content_description="Corpus callosum on the midsagittal plane",
        content_creator_name=None if review is None else person_name(review.reviewer),
        series_description=f"callosal segmentation ({DISCLAIMER})",
    )
    _refer_to_files(segmentation, source)
    return settle(segmentation, origin)


def _digest(found: SourceMask) -> str:
    return hashlib.sha256(repr(found.slices).encode() + found.frames.tobytes()).hexdigest()


def _series_uid(origin: Origin, review: Review | None) -> UID:
    """Series of the segmentation before, so that a viewer shows both together."""
    if review is None or review.predecessor is None:
        return origin.uid("seg series")
    return UID(review.predecessor.SeriesInstanceUID)


def _describe_segment(origin: Origin, review: Review | None) -> SegmentDescription:
    return SegmentDescription(
        segment_number=1,
        segment_label="Corpus callosum",
        segmented_property_category=concepts.STRUCTURE,
        segmented_property_type=concepts.CALLOSUM,
        algorithm_type="AUTOMATIC" if review is None else "SEMIAUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=origin.model,
            family=concepts.NETWORK,
            version=origin.software,
            source="callosal",
            parameters={"model_sha256": origin.model_sha256, "config": origin.config_sha256},
        ),
        tracking_uid=origin.tracking_uid("callosum"),
        tracking_id="corpus callosum",
    )


def _refer_to_files(segmentation: Dataset, source: SlicedSource) -> None:
    """Name file and frame of each slice where highdicom was given a stand-in for it."""
    stand_ins = source.frame_references()
    if not stand_ins:
        return
    used: dict[str, Dataset] = {}
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            for item in derivation.SourceImageSequence:
                one = stand_ins[item.ReferencedSOPInstanceUID]
                item.ReferencedSOPClassUID = one.sop_class_uid
                item.ReferencedSOPInstanceUID = one.sop_instance_uid
                item.ReferencedFrameNumber = one.frame_number
                used[one.sop_instance_uid] = _reference(one)
    segmentation.SourceImageSequence = list(used.values())
    (series,) = segmentation.ReferencedSeriesSequence
    series.ReferencedInstanceSequence = list(used.values())


def _reference(one: FrameReference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    return item
