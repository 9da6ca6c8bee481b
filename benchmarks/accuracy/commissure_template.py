"""Makes pipelines/protocols/commissures.npz of the MNI152 average head and public landmarks.

    python benchmarks/accuracy/commissure_template.py

The head is the T1 of nilearn's wheel (extra `demo`): ICBM 2009a nonlinear symmetric, Copyright (C)
1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill
University, free to use, copy, modify and distribute with this notice. The places of the
commissures are the consensus of AFIDs for MNI152NLin2009bSym, the same average head at 0.5 mm
(Lau et al. 2019, Hum Brain Mapp 40:4163; CC BY 4.0).
"""

from pathlib import Path

import numpy as np
from scipy import ndimage

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.observation import look
from callosal.pipelines.phantom.demo_head import mni152_file
from callosal.pipelines.protocols.callosal_frame import CallosalFrame
from callosal.pipelines.protocols.commissures import STEP_MM
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings

AFIDS_RAS_MM = {"ac": (-0.1198, 2.5521, -4.8172), "pc": (0.1409, -25.124, -2.0960)}
RADIUS_MM = 16.0
OUTPUT = Path(__file__).parents[2] / "pipelines" / "protocols" / "commissures.npz"


def main() -> None:
    """Plan on the average head and keep what surrounds its commissures."""
    path = mni152_file("t1")
    if path is None:
        raise SystemExit("nilearn is missing: pip install '.[demo]'")
    (case,) = find_cases([path]).cases
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", 1)
    callosum = look(case.load(), segmenter, Settings()).callosum
    assert callosum is not None
    place = callosum.slice_image
    frame = CallosalFrame.of(callosum.contour_mm, callosum.box)
    steps = np.arange(RADIUS_MM, -RADIUS_MM - 1e-6, -STEP_MM)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1)
    images, places = [], []
    for x, y, z in AFIDS_RAS_MM.values():
        center = frame.to_frame_mm(place.lps_to_mm([-x, -y, z]))
        at = place.mm_to_pixels(frame.to_slice_mm(center + offsets))
        image = ndimage.map_coordinates(place.pixels, np.moveaxis(at, -1, 0), order=1)
        images.append(image)
        places.append(center / frame.length_mm)
    scale = 255 / np.max(images)
    np.savez_compressed(
        OUTPUT,
        images=np.round(np.array(images) * scale).astype(np.uint8),
        places=np.array(places),
        length_mm=frame.length_mm,
    )


if __name__ == "__main__":
    main()
