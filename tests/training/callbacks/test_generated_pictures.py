import numpy as np
import torch

from callosal.pipelines.training.callbacks.generated_pictures import picture_of
from callosal.pipelines.training.callbacks.sample_pictures import ANSWER


def test_pairs_stand_in_rows_with_their_mask_outlined() -> None:
    pairs = torch.full((5, 2, 16, 16), -1.0)
    pairs[4, 0] = 1.0
    pairs[1, 1, 4:12, 4:12] = 0.5
    sheet = np.array(picture_of(pairs, 16, 3))
    assert sheet.shape == (32, 48, 3)
    assert tuple(sheet[4, 16 + 6]) == ANSWER
    assert tuple(sheet[8, 16 + 8]) == (0, 0, 0)
    assert (sheet[16:, 16:32] == 255).all()
    assert (sheet[16:, 32:] == 0).all()
