"""The contrast of an MR image, as its times say it."""

LONG_REPETITION_MS = 1500.0
LONG_ECHO_MS = 50.0
SHORT_ECHO_MS = 30.0
FLUID_NULL_MS = 1500.0
"""Inversion times from which on fluid, whose T1 is over 4 s, is darkened rather than tissue."""


def weighting(
    repetition_ms: float | None, echo_ms: float | None, inversion_ms: float | None
) -> str | None:
    """How an image is weighted, from the times of its sequence.

    Contrast agents, flip angles and preparation pulses are not looked at: T1-weighted gradient
    echoes with long echoes and images after contrast agent are taken for what their times say.

    Args:
        repetition_ms: Repetition time.
        echo_ms: Echo time.
        inversion_ms: Inversion time; None or 0 where nothing was inverted.

    Returns:
        "T1w", "T2w", "FLAIR", "PDw" or, where the times do not say it, None.

    >>> weighting(2000.0, 2.5, 900.0), weighting(9000.0, 120.0, 2500.0)
    ('T1w', 'FLAIR')
    """
    if repetition_ms is None or echo_ms is None:
        return None
    if inversion_ms and inversion_ms >= FLUID_NULL_MS and echo_ms >= LONG_ECHO_MS:
        return "FLAIR"
    if echo_ms >= LONG_ECHO_MS:
        return "T2w"
    if echo_ms >= SHORT_ECHO_MS:
        return None
    if inversion_ms or repetition_ms < LONG_REPETITION_MS:
        return "T1w"
    return "PDw"
