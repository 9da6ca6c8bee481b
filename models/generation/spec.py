"""What a generator makes and how it was trained: the facts that travel with its weights."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from callosal.models.errors import ModelFileError

CONDITION_NAMES = ("area_mm2", "length_mm", "tilt_deg", "contrast")
"""What can be asked for, in the order of the network's input."""

SHAPE_CONDITIONS = CONDITION_NAMES[:3]
"""Of these, what a mask decides alone."""

SCALING_IN_WORDS = (
    "image: air is -1 and the 99.9th percentile of the slice 1; "
    "mask: tanh(signed distance in mm / sdf_scale_mm), positive inside"
)


def scheduler_config(objective: str) -> dict[str, Any]:
    """Configuration of diffusers' scheduler for an objective, `rectified_flow` or `vp`.

    The scheduler class named in it loads it (`from_config`, `from_pretrained`). `vp` is a cosine
    schedule whose end is pure noise (Lin et al. 2024, arXiv 2305.08891).
    """
    if objective == "rectified_flow":
        return {
            "_class_name": "FlowMatchEulerDiscreteScheduler",
            "num_train_timesteps": 1000,
            "shift": 1.0,
            "use_dynamic_shifting": False,
        }
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "clip_sample": False,
    }


@dataclass(frozen=True)
class Condition:
    """One quantity that can be asked for.

    Attributes:
        name: Name with its unit.
        mean: Mean over the labelled training slices; the network sees (value - mean) / std.
        std: Standard deviation over them.
        low: 1st percentile over them.
        high: 99th percentile over them.
    """

    name: str
    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True)
class Latent:
    """The space that a latent generator works in.

    The denoiser sees (latent - mean) / std, channel by channel.

    Attributes:
        factor: Pixels of the slice to one latent cell, along each axis.
        image_channels: Channels that hold the image; those of the mask follow.
        mask_channels: Channels that hold the mask.
        mean: Mean of each channel over the training slices.
        std: Standard deviation of each channel over the training slices.
        autoencoder: Arguments of the PairAutoencoder.
    """

    factor: int
    image_channels: int
    mask_channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    autoencoder: Mapping[str, Any]


@dataclass(frozen=True)
class GeneratorSpec:
    """All that an exporter needs beside the weights.

    Attributes:
        kind: `pixel` or `latent`.
        objective: `rectified_flow` or `vp`.
        spacing_mm: Distance between rows and between columns.
        shape: Rows and columns of a slice.
        sdf_scale_mm: Scale of the mask channel, tanh(signed distance / scale).
        conditions: What can be asked for, in the order of the network's input.
        denoiser: Arguments of the JointDenoiser.
        latent: The latent space of a latent generator.
        training_data: Which slices it was trained on, with their terms.
        scaling: What the channels hold, in words.
        correlation: Correlation of the conditions over the labelled training slices, K rows of K;
            empty where it is not known.
    """

    kind: str
    objective: str
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    sdf_scale_mm: float
    conditions: tuple[Condition, ...]
    denoiser: Mapping[str, Any]
    latent: Latent | None
    training_data: str
    scaling: str = SCALING_IN_WORDS
    correlation: tuple[tuple[float, ...], ...] = ()

    @property
    def image_channels(self) -> int:
        """Channels that hold the image; those of the mask follow."""
        return self.latent.image_channels if self.latent else 1

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of what the denoiser works on."""
        if self.latent is None:
            return (2, *self.shape)
        channels = self.latent.image_channels + self.latent.mask_channels
        factor = self.latent.factor
        return (channels, self.shape[0] // factor, self.shape[1] // factor)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, as a checkpoint and JSON hold them."""
        plain = _plain(asdict(self))
        assert isinstance(plain, dict)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "GeneratorSpec":
        """Build from plain values.

        Raises:
            ModelFileError: A field is missing or of the wrong kind.
        """
        try:
            latent = plain["latent"]
            return cls(
                kind=str(plain["kind"]),
                objective=str(plain["objective"]),
                spacing_mm=(float(plain["spacing_mm"][0]), float(plain["spacing_mm"][1])),
                shape=(int(plain["shape"][0]), int(plain["shape"][1])),
                sdf_scale_mm=float(plain["sdf_scale_mm"]),
                conditions=tuple(Condition(**condition) for condition in plain["conditions"]),
                denoiser=dict(plain["denoiser"]),
                latent=None if latent is None else _latent(latent),
                training_data=str(plain["training_data"]),
                scaling=str(plain["scaling"]),
                # Generators of before know none.
                correlation=_matrix(plain.get("correlation", ()), len(plain["conditions"])),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(
                f"the description of the generator is damaged ({type(error).__name__}: {error}); "
                "train or download it again",
                code="bad_generator",
            ) from error


def _matrix(rows: Sequence[Sequence[float]], size: int) -> tuple[tuple[float, ...], ...]:
    """A correlation of so many conditions, `size` rows of `size`, or none."""
    matrix = tuple(tuple(float(value) for value in row) for row in rows)
    if matrix and [len(row) for row in matrix] != [size] * size:
        raise ValueError(f"the correlation of {size} conditions needs {size} rows of {size}")
    if not all(abs(value) <= 1 for row in matrix for value in row):
        raise ValueError("a correlation lies outside of -1 to 1")
    return matrix


def _latent(plain: Mapping[str, Any]) -> Latent:
    return Latent(
        factor=int(plain["factor"]),
        image_channels=int(plain["image_channels"]),
        mask_channels=int(plain["mask_channels"]),
        mean=tuple(float(value) for value in plain["mean"]),
        std=tuple(float(value) for value in plain["std"]),
        autoencoder=dict(plain["autoencoder"]),
    )


def _plain(value: object) -> object:
    """Tuples to lists, all the way down."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
