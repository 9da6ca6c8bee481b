"""Reason codes of plans in plain words, for those who look at a page and not at the code."""

MEANINGS: dict[str, str] = {
    "alone_among_neighbours": "no callosum was found on the slices beside this one",
    "arch_leans": "the arch opens forward or back, not down",
    "area_out_of_range": "the area is unusual for a callosum",
    "blurred_border": "the border is blurred: motion, thick slices, or no callosum",
    "box_axis_disagree": "box and principal axis point in different directions",
    "cut_by_field_of_view": "the callosum reaches the edge of what was scanned",
    "dark_in_even_tissue": "dark inside even tissue, as a ventricle is",
    "decode_failed": "the pixels could not be decoded",
    "in_pieces": "the mask is broken into pieces",
    "internal_error": "a fault of the program; the console said where",
    "length_out_of_range": "the length is unusual for a callosum",
    "low_contrast": "hardly brighter or darker than what surrounds it",
    "neighbours_disagree": "the pose changes much over the slices beside this one",
    "not_arched": "the shape is not that of an arch",
    "nothing_segmented": "no callosum was found",
    "rival_plane": "a second midsagittal plane fits nearly as well",
    "second_candidate": "another part of the slice looks like a callosum too",
    "steep_tilt": "the head lies far from upright",
    "weak_evidence": "the network is not sure inside the outline",
    "weak_symmetry": "the head is hardly symmetric about the plane that was found",
    "width_out_of_range": "the width is unusual for a callosum",
}
"""Meaning by code; what is not here is shown as its code."""
