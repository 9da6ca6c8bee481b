"""What a user may set of made slices. It imports nothing heavy: the command line reads it."""

from dataclasses import dataclass

from callosal.models.errors import DataError


@dataclass(frozen=True)
class Randomisation:
    """How far a made slice may be from the one its anatomy came from.

    Attributes:
        angle_deg: Largest rotation to either side.
        shift_mm: Largest shift along each axis.
        log_scale: Largest natural log of the zoom along each axis, to either side.
        bend_mm: Standard deviation of the smooth displacement.
        natural: Share of slices whose regions keep about their levels, so that they look like
            T1; in the others every region has a level of its own.
        callosum_apart: Share of slices whose callosum has a level of its own, unlike any white
            matter.
        texture: Largest deviation of the grain inside a region.
        bias: Largest strength of the bias field (natural log).
        blur_mm: Largest standard deviation of the blur along each axis.
        coarsest_mm: Largest pixel of the scanner that is imitated.
        noise: Largest standard deviation of the Rician noise.
    """

    angle_deg: float = 12.0
    shift_mm: float = 6.0
    log_scale: float = 0.12
    bend_mm: float = 1.5
    natural: float = 0.5
    callosum_apart: float = 0.2
    texture: float = 0.08
    bias: float = 0.3
    blur_mm: float = 0.9
    coarsest_mm: float = 2.0
    noise: float = 0.06

    def __post_init__(self) -> None:
        for name in ("natural", "callosum_apart"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"randomisation: {name} must lie in 0 to 1", code="wrong_usage")
        for name, value in vars(self).items():
            if value < 0:
                raise DataError(
                    f"randomisation: {name} is {value}; it must not be below 0", code="wrong_usage"
                )
