"""Statuses and reason codes in plain words: one table for report, review page and overlay."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Reason(NamedTuple):
    """A reason code in words.

    Attributes:
        short: A few words, for a table.
        meaning: A clause that says it in full.
    """

    short: str
    meaning: str


STATUS_WORDS: dict[str, str] = {
    "ok": "ok",
    "low_confidence": "low confidence",
    "no_callosum": "no callosum",
    "joined": "joined stations",
    "failed": "failed",
    "rejected": "rejected",
    "skipped": "skipped",
}

REASONS: dict[str, Reason] = {
    code: Reason(short, meaning)
    for code, short, meaning in (
        ("alone_among_neighbours", "alone among neighbours",
         "no callosum was found on the slices beside this one"),
        ("arch_leans", "arch leans", "the arch opens forward or back, not down"),
        ("archive", "an archive", "the file is an archive; unpack it first"),
        ("area_out_of_range", "unusual area", "the area is unusual for a callosum"),
        ("bad_geometry", "bad geometry", "the positions in the headers contradict each other"),
        ("bad_meta_header", "damaged header", "the DICOM file begins with a damaged header"),
        ("bad_nifti", "damaged file", "the file is cut, or its header contradicts its voxels"),
        ("bad_pixel_length", "pixels of wrong length",
         "the pixel data is shorter or longer than the headers say"),
        ("bad_rescale", "bad rescale", "the rescale slope or intercept is not one number"),
        ("bars_of_another_model", "other network",
         "the error bars were calibrated with another network"),
        ("bars_of_other_settings", "other settings",
         "the error bars were calibrated with another reference line or fusion"),
        ("beyond_calibration", "beyond the calibration",
         "no images like these were there when the error bars were calibrated"),
        ("better_series", "better series",
         "another series of the exam was planned on, as --best-of exam asks"),
        ("bids_derivatives", "derivatives", "the folder holds derivatives of a BIDS dataset"),
        ("blank_slice", "blank slice",
         "a slice of the volume through the callosum is blank, perhaps by lost data"),
        ("blurred_border", "blurred border",
         "the border is blurred: motion, thick slices, or no callosum"),
        ("box_axis_disagree", "box and axis disagree",
         "box and principal axis point in different directions"),
        ("center_assumed", "centre assumed",
         "the centre of the protocol was assumed from other anatomy, with the spread that the plan "
         "states"),
        ("coarse_voxels", "coarse voxels",
         "the slices are too thick to show the outline of the callosum sharply"),
        ("corrected_by_hand", "corrected by hand", "a person has set the pose in a review"),
        ("cut_by_field_of_view", "cut by field of view",
         "the callosum reaches the edge of the scanned region"),
        ("decode_failed", "not decoded", "the pixels could not be decoded"),
        ("decoder_died", "decoder failed", "the pixels made the decoder end"),
        ("dicomdir", "directory file", "a DICOMDIR lists files and is not an image"),
        ("duplicate_file", "duplicate file", "the same image is present twice"),
        ("duplicate_positions", "positions twice", "several slices lie at one position"),
        ("empty_file", "empty file", "the file is empty"),
        ("ends_may_be_lost", "ends may be lost",
         "thick slices may have lost the ends of a thin callosum, which turns the angle"),
        ("equal_voxels", "equal voxels",
         "most neighbouring voxels at the callosum hold one value, as in a map of classes"),
        ("first_visit_differs", "unlike the first visit",
         "the head does not look like that of the first visit: another contrast or person"),
        ("field_of_view_too_small", "field of view too small",
         "the slices are too small to hold a head"),
        ("filled_slices", "filled slices",
         "slices at the callosum are missing and were filled in from their neighbours"),
        ("frame_count", "frames contradict",
         "the headers give another number of frames than there are"),
        ("freesurfer_derived", "from FreeSurfer", "FreeSurfer made it from mri/orig.mgz"),
        ("gap", "gap", "stations of the spine do not meet; the gap between them is empty"),
        ("in_pieces", "in pieces", "the mask is broken into pieces"),
        ("internal_error", "internal error", "the program failed; the console showed where"),
        ("label_image", "label image", "the image holds labels, not intensities"),
        ("later_time_point", "later time point", "another time point of a series that is planned"),
        ("length_out_of_range", "unusual length", "the length is unusual for a callosum"),
        ("indistinct_border", "border hardly visible",
         "much of the border looks like the inside of the callosum"),
        ("line_assumed", "line assumed",
         "the line of the protocol was assumed from other anatomy, with the spread that the plan "
         "states"),
        ("low_contrast", "low contrast",
         "the callosum is hardly brighter or darker than its surroundings"),
        ("midline_unknown", "midline unknown",
         "the slices are too few to tell which of them lies on the midline"),
        ("missing_slices", "missing slices", "more slices are missing than can be filled in"),
        ("missing_tags", "missing tags", "the headers do not say where the slices lie"),
        ("mosaic", "mosaic", "many slices are tiled in one picture"),
        ("motion_in_overlap", "motion in the overlap",
         "parts of the overlap of two stations fit at different shifts: the patient moved"),
        ("moved_across_slices", "moved across the slices",
         "the overlap of two stations fits the next slices better"),
        ("neighbours_disagree", "neighbours disagree",
         "the pose changes too much over the slices beside this one"),
        ("no_frame_of_reference", "no frame of reference",
         "the headers name no frame of reference, so the position is unknown"),
        ("no_orientation", "no orientation",
         "the header does not say how the voxels lie in the patient"),
        ("no_pixel_data", "no pixels", "the file holds no pixels"),
        ("no_sagittal_view", "no sagittal view", "no slice or volume shows a sagittal view"),
        ("not_3d", "a time series", "the image has more than one volume"),
        ("not_arched", "not arched", "the shape is not that of an arch"),
        ("not_dicom", "not DICOM", "the file is not a DICOM file"),
        ("not_fetched", "not fetched", "the file is a link whose content was not fetched"),
        ("not_finite", "not finite", "a voxel is infinite or not a number"),
        ("not_grayscale", "not grayscale", "the picture is in colour"),
        ("not_included", "left out", "--include or --exclude leaves it out"),
        ("not_magnitude", "not magnitude",
         "the image is a phase, real or imaginary part, not a magnitude"),
        ("not_mr", "not MR", "the series is of another modality"),
        ("not_mr_image", "not an MR image", "the DICOM object is not an MR image"),
        ("nothing_segmented", "nothing segmented", "no callosum was found"),
        ("odd_slice", "odd slice",
         "a slice through the callosum is far brighter or darker than the slices beside it"),
        ("off_midline", "off the midline",
         "the slice may lie beside the midline of the head"),
        ("one_orientation", "one orientation",
         "the slices show one orientation, so the plane cannot be found"),
        ("outlined_by_hand", "outlined by hand", "a person has corrected the mask in a review"),
        ("own_results", "own results", "the folder holds results of callosal, not images"),
        ("other_patient_id", "another PatientID",
         "the PatientID differs from that of the first visit"),
        ("overlap_disagrees", "overlap disagrees",
         "the overlap of two stations shows another patient, contrast or place"),
        ("parted_series", "split series",
         "a tag splits the slices of one grid, and none of the parts is complete"),
        ("partial_callosum", "partial callosum",
         "genu or splenium seems to be missing, so the angle is not that of a whole callosum"),
        ("plan_in_doubt", "plan in doubt", "no error bar holds for a plan that is in doubt"),
        ("pooled_slices", "pooled slices",
         "the midsagittal slice alone was in doubt; the outline is that of five slices together"),
        ("projection", "projection", "the image is a projection, not a slice"),
        ("rejected", "rejected", "a person has rejected the plan in a review"),
        ("rival_plane", "rival plane", "a second midsagittal plane fits nearly as well"),
        ("scattered_series", "scattered series",
         "many series each hold one slice of what looks like one volume"),
        ("second_candidate", "second candidate",
         "another part of the slice looks like a callosum too"),
        ("several_patients", "several patients", "one series holds images of several patients"),
        ("set_by_hand_only", "set by hand only",
         "no region is found automatically on a joined spine; a person sets it"),
        ("sheared_affine", "sheared voxels", "the axes of the voxels are not at right angles"),
        ("sheared_stack", "sheared stack", "the slices are shifted against each other"),
        ("shift_too_large", "shift too large",
         "the overlap of two stations fits only after a larger shift than is allowed"),
        ("short_overlap", "short overlap",
         "two stations overlap by too little to find their shift"),
        ("stray_voxels", "stray voxels",
         "single voxels at the callosum have values that no tissue has, perhaps by flipped bits"),
        ("steep_tilt", "steep tilt", "the head lies far from upright"),
        ("too_few_slices", "too few slices", "the slices are too few"),
        ("too_large", "too large", "the image would need too much memory"),
        ("too_little_head", "too little head",
         "the volume shows too little of a head to compare its halves"),
        ("tilt_and_turn_assumed", "tilt and turn assumed, not measured",
         "sagittal slices alone give one angle; the other two are those of the slices as scanned"),
        ("too_thin", "too thin", "the volume is too thin to hold a head"),
        ("truncated", "cut file", "the file is cut off"),
        ("uneven_spacing", "uneven spacing", "the slices do not lie at even distances"),
        ("unknown_transfer_syntax", "unknown encoding",
         "the pixels are in an encoding that is not known"),
        ("unreadable", "unreadable", "the file could not be read"),
        ("unsupported_bits", "unsupported pixels",
         "the pixels have a number of bits that is not supported"),
        ("voxels_of_pair", "voxels of a pair", "the file holds the voxels of the header beside it"),
        ("weak_evidence", "weak evidence", "the network is not certain inside the outline"),
        ("weak_overlap", "weak overlap",
         "the overlap of two stations agrees only partly"),
        ("weak_symmetry", "weak symmetry",
         "the head is hardly symmetric about the plane that was found"),
        ("width_out_of_range", "unusual width", "the width is unusual for a callosum"),
    )
}  # fmt: skip
"""Words by code. A code that is missing here is shown itself, with spaces."""


def short_reason(code: str) -> str:
    """A reason in a few words.

    >>> short_reason("low_contrast"), short_reason("from_a_newer_version")
    ('low contrast', 'from a newer version')
    """
    return REASONS[code].short if code in REASONS else code.replace("_", " ")


def assumed_words(assumed: Sequence[str]) -> str:
    """Note on a stack whose angles were not all measured; "" if they were.

    >>> assumed_words(["tilt", "turn"]), assumed_words([])
    ('tilt and turn assumed, not measured', '')
    """
    words = ["centre" if name == "center" else name for name in assumed]
    return f"{' and '.join(words)} assumed, not measured" if assumed else ""


def page_words() -> dict[str, Mapping[str, object]]:
    """Both tables as the scripts of the pages read them."""
    return {
        "statuses": STATUS_WORDS,
        "reasons": {code: reason._asdict() for code, reason in REASONS.items()},
    }
