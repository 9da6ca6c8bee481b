import json

import pytest

from callosal.models.errors import ModelFileError
from callosal.models.generation.spec import Condition, GeneratorSpec, Latent


def _spec(latent: Latent | None) -> GeneratorSpec:
    return GeneratorSpec(
        kind="latent" if latent else "pixel",
        objective="rectified_flow",
        spacing_mm=(1.0, 1.0),
        shape=(128, 64),
        sdf_scale_mm=4.5,
        conditions=(Condition("area_mm2", 590.0, 90.0, 400.0, 800.0),),
        denoiser={"channels": 2, "widths": [8, 16]},
        latent=latent,
        training_data="ten slices",
        correlation=((1.0,),),
    )


LATENT = Latent(4, 4, 2, (0.0,) * 6, (1.0,) * 6, {"image_latents": 4})


@pytest.mark.parametrize(("latent", "shape"), [(None, (2, 128, 64)), (LATENT, (6, 32, 16))])
def test_it_survives_json(latent: Latent | None, shape: tuple[int, int, int]) -> None:
    spec = _spec(latent)
    again = GeneratorSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    assert again.sample_shape == shape


@pytest.mark.parametrize(
    "damage",
    [
        {"shape": [64]},
        {"conditions": [{}]},
        {"latent": {}},
        {"correlation": [[1.0, 0.5], [0.5, 1.0]]},
        {"correlation": [[1.5]]},
        {"correlation": [[float("nan")]]},
    ],
)
def test_damage_is_told(damage: dict[str, object]) -> None:
    with pytest.raises(ModelFileError, match="damaged"):
        GeneratorSpec.from_dict({**_spec(None).to_dict(), **damage})


def test_a_generator_of_before_knows_no_correlation() -> None:
    plain = _spec(None).to_dict()
    del plain["correlation"]
    assert GeneratorSpec.from_dict(plain).correlation == ()
