"""A midsagittal slice with commissures where they are wanted, made of the template."""

import numpy as np
from scipy import ndimage

from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.protocols.callosal_frame import CallosalFrame, rotation
from callosal.pipelines.protocols.commissures import STEP_MM, _template

FRAME = CallosalFrame((3.0, 8.0), 7.0, 76.0)
SPACING_MM = 0.8


def slice_with_commissures(
    ac_mm: tuple[float, float],
    pc_mm: tuple[float, float],
    turn_deg: float,
    noise: float = 0.0,
    flip: bool = False,
) -> SliceImage:
    """Both neighbourhoods on a grey slice, each where the nearer commissure is.

    Args:
        ac_mm: Anterior commissure in the slice.
        pc_mm: Posterior commissure.
        turn_deg: Tilt of the neighbourhoods.
        noise: Standard deviation of noise, of 255.
        flip: Dark and bright exchanged, as on T2.
    """
    blank = on_slice(np.zeros((220, 220), np.float32), (SPACING_MM, SPACING_MM))
    rows, columns = np.indices(blank.pixels.shape)
    places = blank.pixels_to_mm(np.stack([rows, columns], axis=-1))
    images = _template().images
    middle = (images.shape[1] - 1) / 2
    values = []
    for image, center in zip(images, (ac_mm, pc_mm), strict=True):
        offsets = (places - center) @ rotation(turn_deg)
        at = middle - np.moveaxis(offsets[..., ::-1], -1, 0) / STEP_MM
        values.append(ndimage.map_coordinates(image, at, order=1, mode="nearest"))
    away = [np.linalg.norm(places - center, axis=-1) for center in (ac_mm, pc_mm)]
    pixels = np.where(away[0] < away[1], values[0], values[1])
    pixels = 255 - pixels if flip else pixels
    pixels = pixels + noise * np.random.default_rng(3).standard_normal(pixels.shape)
    return on_slice(pixels.astype(np.float32), (SPACING_MM, SPACING_MM))
