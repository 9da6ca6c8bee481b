"""Draw the pictures of the group's page and of the visits, from the public MNI152 average head.

    python docs/make_group_pictures.py

Twelve participants are made of that one head: it is stretched along each axis by some per cent, the
second group is smaller, and the first participant comes back a year later, smaller by 1 %, in
another place of the scanner and with noise. Needs nilearn, chromium, chromedriver and selenium. No
picture of a patient is ever in the project.
"""

import json
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from make_pictures import save_screenshot, with_page
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation
from selenium import webdriver

from callosal.pipelines.cli import main as callosal
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.phantom.demo_head import mni152_head

PEOPLE = 12
STEP_MM = 1.5
STRETCH, SMALLER, YEARLY = 0.03, 0.94, 0.99
NOISE = 0.015

Array = NDArray[np.float64]


def main() -> None:
    """Make the dataset, measure it and save both pages."""
    random = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        dataset, output = Path(folder) / "MNI152-derived", Path(folder) / "out"
        write_dataset(dataset, random)
        words = ["bids", str(dataset), str(output)]
        for level in ("participant", "longitudinal", "group"):
            skip = ["--skip-bids-validation"] if level == "participant" else []
            if callosal([*words, level, *skip]) != 0:
                raise SystemExit(f"the {level} level failed; no picture was drawn")
        with_page((output / "group.html").as_uri(), "light", _shoot_group)
        (page,) = output.glob("sub-01/*_visits.html")
        with_page(page.as_uri(), "light", _shoot_visits)


def write_dataset(dataset: Path, random: np.random.Generator) -> None:
    """Write participants of two groups, the first with two sessions."""
    rows = ["participant_id\tage\tsex\tgroup"]
    for number in range(1, PEOPLE + 1):
        name, group = f"sub-{number:02d}", "ab"[number % 2]
        scale = np.clip(random.normal(1, STRETCH, 3), 0.92, 1.08) * (
            SMALLER if group == "b" else 1.0
        )
        write_session(dataset, name, "ses-1", np.diag([*scale, 1.0]), random)
        if number == 1:
            again = np.diag([*(YEARLY * scale), 1.0])
            turn = Rotation.from_rotvec(np.radians([4.0, -3.0, 5.0])).as_matrix()
            again[:3] = turn @ again[:3]
            write_session(dataset, name, "ses-2", again, random)
        rows.append(f"{name}\t{int(random.integers(20, 80))}\t{'FM'[number // 2 % 2]}\t{group}")
    (dataset / "participants.tsv").write_text("\n".join(rows) + "\n")
    (dataset / "sub-01" / "sub-01_sessions.tsv").write_text(
        "session_id\tacq_time\nses-1\t2020-01-01T00:00:00\nses-2\t2021-01-01T00:00:00\n"
    )
    description = {"Name": "MNI152-derived", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (dataset / "dataset_description.json").write_text(json.dumps(description))


def write_session(
    dataset: Path, name: str, session: str, change: Array, random: np.random.Generator
) -> None:
    """The head after a change of its shape and place (LPS, mm), sampled again with noise."""
    volume = mni152_head().volume
    shape = np.ceil(np.array([200.0, 240.0, 210.0]) / STEP_MM).astype(int)
    grid = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    grid[:3, 3] = np.asarray(volume.center_position) - STEP_MM * (shape - 1) / 2
    at = np.linalg.inv(np.asarray(volume.affine)) @ np.linalg.inv(change) @ grid
    seen = affine_transform(
        volume.array.astype(np.float32), at[:3, :3], at[:3, 3], tuple(shape), order=3
    )
    seen = np.abs(seen / seen.max() + random.normal(0, NOISE, seen.shape))
    path = dataset / name / session / "anat" / f"{name}_{session}_T1w.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image((1000 * seen).astype(np.int16), LPS_TO_RAS @ grid), path)


def _shoot_group(browser: webdriver.Chrome, scheme: str) -> None:
    del scheme
    save_screenshot(browser, "group.webp")


def _shoot_visits(browser: webdriver.Chrome, scheme: str) -> None:
    del scheme
    browser.execute_script(
        "document.getElementById('next').click(); document.getElementById('mean').click()"
    )
    save_screenshot(browser, "visits.webp")


if __name__ == "__main__":
    main()
