import pytest

from callosal.pipelines.dicom.contrast import weighting


@pytest.mark.parametrize(
    ("repetition_ms", "echo_ms", "inversion_ms", "expected"),
    [
        (2000, 2.5, 900, "T1w"),  # MPRAGE
        (450, 10, None, "T1w"),  # spin echo
        (2000, 9, 860, "T1w"),  # turbo spin echo with inversion
        (3200, 400, None, "T2w"),  # 3D turbo spin echo
        (1000, 90, 0, "T2w"),  # single shot, as in localizers
        (9000, 120, 2500, "FLAIR"),
        (5000, 390, 1800, "FLAIR"),  # 3D
        (4000, 60, 160, "T2w"),  # fat nulled
        (2500, 15, None, "PDw"),
        (700, 40, None, None),  # T2*: gradient echoes
        (None, 10, None, None),
        (450, None, None, None),
    ],
)
def test_times_say_the_contrast(
    repetition_ms: float | None,
    echo_ms: float | None,
    inversion_ms: float | None,
    expected: str | None,
) -> None:
    assert weighting(repetition_ms, echo_ms, inversion_ms) == expected
