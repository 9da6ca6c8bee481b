import logging
import warnings

import pytest

from callosal.pipelines.training.run_messages import leave_out_noise


@pytest.mark.parametrize(
    ("message", "comes_through"),
    [
        ("Seed set to 1", False),
        ("GPU available: True (cuda), used: True", False),
        ("You are using a CUDA device ('H') that has Tensor Cores. To properly utilize", False),
        ("`Trainer.fit` stopped: `max_steps=2` reached.", True),
        ("Restoring states from the checkpoint path at last.ckpt", True),
    ],
)
def test_advice_is_left_out_and_facts_are_not(
    message: str, comes_through: bool, caplog: pytest.LogCaptureFixture
) -> None:
    leave_out_noise()
    logger = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    with caplog.at_level(logging.INFO, logger=logger.name):
        record = logger.makeRecord(logger.name, logging.INFO, __file__, 1, message, (), None)
        assert bool(logger.filter(record)) is comes_through


def test_a_warning_of_elsewhere_comes_through() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        leave_out_noise()
        # The words alone are not enough: the module that says them counts, too.
        warnings.warn("Found 57 module(s) in eval mode at the start", stacklevel=1)
    assert len(caught) == 1
