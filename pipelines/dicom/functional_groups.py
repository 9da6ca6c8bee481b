"""Functional groups of enhanced multi-frame images, read like the elements of classic ones."""

from callosal.pipelines.dicom.attributes import Attributes, Element, tag_of

_PLACES = {
    # keyword in a classic image: (functional group, keyword inside it), DICOM PS3.3 C.7.6.16
    "ImagePositionPatient": ("PlanePositionSequence", "ImagePositionPatient"),
    "ImageOrientationPatient": ("PlaneOrientationSequence", "ImageOrientationPatient"),
    "PixelSpacing": ("PixelMeasuresSequence", "PixelSpacing"),
    "SliceThickness": ("PixelMeasuresSequence", "SliceThickness"),
    "SpacingBetweenSlices": ("PixelMeasuresSequence", "SpacingBetweenSlices"),
    "RescaleSlope": ("PixelValueTransformationSequence", "RescaleSlope"),
    "RescaleIntercept": ("PixelValueTransformationSequence", "RescaleIntercept"),
    "ImageType": ("MRImageFrameTypeSequence", "FrameType"),
    "ComplexImageComponent": ("MRImageFrameTypeSequence", "ComplexImageComponent"),
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
    "RepetitionTime": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "InversionTime": ("MRModifierSequence", "InversionTimes"),
    "TemporalPositionIdentifier": ("FrameContentSequence", "TemporalPositionIndex"),
    "AcquisitionNumber": ("FrameContentSequence", "FrameAcquisitionNumber"),
    "DiffusionBValue": ("MRDiffusionSequence", "DiffusionBValue"),
}
_PLACES_BY_TAG = {
    tag_of(classic): (tag_of(group), tag_of(inner)) for classic, (group, inner) in _PLACES.items()
}
_SHARED = tag_of("SharedFunctionalGroupsSequence")
_PER_FRAME = tag_of("PerFrameFunctionalGroupsSequence")
_TOP_LEVEL = (tag_of("ImageType"), tag_of("ComplexImageComponent"))
FUNCTIONAL_GROUP_TAGS = (_SHARED, _PER_FRAME)


def read_functional_groups(attributes: Attributes) -> tuple[Attributes, ...]:
    """Attributes of each frame: its own before shared ones before those of the whole image.

    Args:
        attributes: Top-level elements of the file.

    Returns:
        Elements under the tags that classic images use, an item a frame; none for a file
        without functional groups.
    """
    per_frame = attributes.items(_PER_FRAME)
    if not per_frame:
        return ()
    common = {tag: attributes.elements[tag] for tag in _TOP_LEVEL if tag in attributes.elements}
    for shared in attributes.items(_SHARED)[:1]:
        common |= _flatten(shared)
    return tuple(Attributes(common | _flatten(group)) for group in per_frame)


def _flatten(group: Attributes) -> dict[int, Element]:
    flat: dict[int, Element] = {}
    items: dict[int, tuple[Attributes, ...]] = {}
    for classic_tag, (group_tag, inner_tag) in _PLACES_BY_TAG.items():
        if group_tag not in items:
            items[group_tag] = group.items(group_tag)
        for item in items[group_tag][:1]:
            if inner_tag in item.elements:
                flat[classic_tag] = item.elements[inner_tag]
    return flat
