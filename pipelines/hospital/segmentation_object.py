"""The callosum as a DICOM SEG on the grid of its source."""

import hashlib

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.origin import DISCLAIMER, Origin, settle
from callosal.pipelines.hospital.source_mask import SourceMask, mask_on_source
from callosal.pipelines.hospital.source_series import SourceSeries
from callosal.pipelines.planning.plan_file import Plan


def callosum_segmentation(
    source: SourceSeries,
    plan: Plan,
    mask: NDArray[np.uint8],
    place: SliceImage,
) -> Dataset:
    """The mask of the midsagittal slice as a segmentation of the source images.

    Args:
        source: The series that was planned on.
        plan: The plan of the case.
        mask: 0 outside, on the midsagittal slice, shape (H, W).
        place: Place of that slice.

    Returns:
        A Segmentation Storage object; the same one for the same arguments.

    Raises:
        GeometryError: The mask lies outside the source.
    """
    origin = Origin.of(source, plan)
    found = mask_on_source(mask, place, source.stack.geometry, source.stack.missing)
    segmentation = Segmentation(
        source_images=source.single_frames(found.slices),
        pixel_array=found.frames,
        segmentation_type="BINARY",
        segment_descriptions=[_describe_segment(origin)],
        series_instance_uid=origin.uid("seg series"),
        series_number=origin.series_number(1),
        sop_instance_uid=origin.uid("seg", _digest(found)),
        instance_number=1,
        manufacturer="callosal",
        manufacturer_model_name=origin.model,
        software_versions=origin.software,
        device_serial_number=origin.model_sha256[:16],
        content_label="CALLOSUM",
        content_description="Corpus callosum on the midsagittal plane",
        series_description=f"callosal segmentation ({DISCLAIMER})",
    )
    _refer_to_files(segmentation, source)
    return settle(segmentation, origin)


def _digest(found: SourceMask) -> str:
    return hashlib.sha256(repr(found.slices).encode() + found.frames.tobytes()).hexdigest()


def _describe_segment(origin: Origin) -> SegmentDescription:
    return SegmentDescription(
        segment_number=1,
        segment_label="Corpus callosum",
        segmented_property_category=concepts.STRUCTURE,
        segmented_property_type=concepts.CALLOSUM,
        algorithm_type="AUTOMATIC",
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


def _refer_to_files(segmentation: Dataset, source: SourceSeries) -> None:
    """Name file and frame of each slice where highdicom was given a stand-in for it."""
    stand_ins = source.stand_ins()
    if not stand_ins:
        return
    sop_class = source.identity.sop_class_uid
    used: dict[str, Dataset] = {}
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            for item in derivation.SourceImageSequence:
                plane = stand_ins[item.ReferencedSOPInstanceUID]
                uid = plane.header.sop_instance_uid
                item.ReferencedSOPClassUID = sop_class
                item.ReferencedSOPInstanceUID = uid
                item.ReferencedFrameNumber = plane.frame.index + 1
                used[uid] = _reference(sop_class, uid)
    segmentation.SourceImageSequence = list(used.values())
    (series,) = segmentation.ReferencedSeriesSequence
    series.ReferencedInstanceSequence = list(used.values())


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item
