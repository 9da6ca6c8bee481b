"""The mask of a drawn pair, estimated again from its image.

A sampler follows one path of noise, and on the way image and mask err apart from each other. A
network with a clock for each also knows masks of finished images: the image stays at time 0, the
mask is made noisy halfway, and what the network takes for the clean mask then agrees better with
the image. Noise and its opposite are tried in turn, which cancels most of what the noise decides.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from callosal.export.diffusion_loop import Array, Denoiser, clean_part
from callosal.export.schedule import levels

TIME: Final = 0.5
"""Where what is clean and its noise weigh about alike, on either path."""


def mask_from_image(
    denoise: Denoiser,
    clean: Array,
    noise: Array,
    objective: str,
    is_mask: NDArray[np.bool_],
) -> Array:
    """Replace the mask of pairs by what the network sees in their images.

    Args:
        denoise: The network, asked for nothing; it runs twice.
        clean: Pairs as they were drawn, shape (N, C, H, W).
        noise: Standard normal noise of the same shape.
        objective: What the network predicts, "rectified_flow" or "vp".
        is_mask: Which channels hold the mask, shape (C,).

    Returns:
        The pairs with their image channels as given, shape (N, C, H, W).
    """
    signal, sigma = (float(weight) for weight in levels(objective, np.array(TIME)))
    clocks = np.tile(np.array([0.0, TIME], np.float32), (len(clean), 1))
    mask = is_mask[:, None, None]
    estimates = []
    for eps in (noise, -noise):
        sample = np.where(mask, np.float32(signal) * clean + np.float32(sigma) * eps, clean)
        prediction = denoise(sample, clocks)
        estimates.append(clean_part(objective, sample, prediction, signal, sigma))
    found: Array = np.where(mask, np.float32(0.5) * (estimates[0] + estimates[1]), clean)
    return found
