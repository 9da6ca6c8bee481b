import time

import numpy as np

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model


def test_workers_keep_no_core_busy_between_runs():
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=2)
    images = np.ones((1, 1, 128, 128), np.float32)
    idle_s = 0.0
    for _ in range(10):
        segmenter.probability(images)
        before = time.process_time()
        time.sleep(0.05)
        idle_s += time.process_time() - before
    assert idle_s < 0.02
