import subprocess
import sys

import numpy as np
import pytest

from callosal.models.generation.noise import sample_noise


@pytest.mark.parametrize("others", [[], [0], [36, 38, 5]])
def test_a_sample_has_its_noise_whatever_stands_beside_it(others: list[int]) -> None:
    alone = sample_noise(3, [37], (2, 8, 8))[0]
    np.testing.assert_array_equal(sample_noise(3, [*others, 37], (2, 8, 8))[-1], alone)


def test_seed_sample_and_step_each_change_the_noise() -> None:
    shape = (1, 4, 4)
    fields = [
        sample_noise(0, [0], shape),
        sample_noise(1, [0], shape),
        sample_noise(0, [1], shape),
        sample_noise(0, [0], shape, step=1),
    ]
    assert len({field.tobytes() for field in fields}) == 4


def test_it_is_standard_normal() -> None:
    noise = sample_noise(0, range(64), (2, 32, 32))
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(1, abs=0.01)


def test_noise_and_spec_need_no_torch() -> None:
    script = (
        "import sys; import callosal.models.generation.noise, callosal.models.generation.spec, "
        "callosal.models.generation.conditions; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
