"""Make a BIDS dataset of two sessions a subject from NIfTI heads.

    python benchmarks/bids/make_dataset.py HEADS/old0[1-6]_T1w.nii.gz --output DATASET

Each file becomes a subject. Session 1 is the head as it is. Session 2 is that head scanned again:
tilted and shifted at random, on another grid, with noise. So nothing changes between the sessions
but the scan. `group` in participants.tsv is the leading letters of the file's name; age, sex and
the dates of the sessions are drawn at random, for the heads carry none.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

TILT_DEG, SHIFT_MM, NOISE = 6.0, 5.0, 0.02
GRIDS_MM = ((1.0, 1.0, 1.0), (1.2, 0.9, 0.9), (0.9, 1.1, 1.0))


def main() -> None:
    """Make the dataset of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("heads", type=Path, nargs="+", help="NIfTI files, one a subject")
    parser.add_argument("--output", type=Path, required=True, help="folder of the dataset")
    parser.add_argument("--seed", type=int, default=0, help="of tilts, noise, ages and dates")
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    output: Path = arguments.output
    people = []
    for number, head in enumerate(sorted(arguments.heads), start=1):
        subject = f"sub-{number:02d}"
        image = nib.load(head)
        write_session(output, subject, "ses-1", image)
        write_session(output, subject, "ses-2", scanned_again(image, random))
        write_dates(output, subject, random)
        people.append(person(subject, head, random))
        print(subject, head.name)
    write_description(output, people)


def scanned_again(image: Any, random: np.random.Generator) -> Any:
    """The head in another position on another grid, with noise of 2 % of its bright tissue."""
    spacing_mm = np.array(GRIDS_MM[int(random.integers(len(GRIDS_MM)))])
    voxels = np.asanyarray(image.dataobj).astype(np.float32)
    corners = np.array(np.meshgrid(*[(0, side - 1) for side in voxels.shape])).reshape(3, -1)
    places = image.affine[:3, :3] @ corners + image.affine[:3, 3:]
    low, high = places.min(axis=1), places.max(axis=1)
    shape = np.ceil((high - low) / spacing_mm).astype(int)
    grid = np.diag([*spacing_mm, 1.0])
    grid[:3, 3] = low
    moved = np.linalg.inv(image.affine) @ np.linalg.inv(motion((low + high) / 2, random)) @ grid
    again = ndimage.affine_transform(
        voxels, moved[:3, :3], moved[:3, 3], output_shape=tuple(shape), order=3, mode="constant"
    )
    again += random.normal(0, NOISE * np.percentile(again, 98), again.shape)
    return nib.Nifti1Image(np.clip(again, 0, 255).astype(np.uint8), grid)


def motion(center_mm: Array, random: np.random.Generator) -> Array:
    """A turn about the middle of the head and a shift, as a 4x4 matrix in mm."""
    moved = np.eye(4)
    angles_deg = random.uniform(-TILT_DEG, TILT_DEG, 3)
    moved[:3, :3] = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    moved[:3, 3] = center_mm - moved[:3, :3] @ center_mm + random.uniform(-SHIFT_MM, SHIFT_MM, 3)
    return moved


def write_session(output: Path, subject: str, session: str, image: Any) -> None:
    """Write one T1w image and its sidecar."""
    folder = output / subject / session / "anat"
    folder.mkdir(parents=True, exist_ok=True)
    image.header.set_xyzt_units("mm")
    stem = f"{subject}_{session}_T1w"
    nib.save(image, folder / f"{stem}.nii.gz")
    (folder / f"{stem}.json").write_text('{"Modality": "MR"}\n', encoding="utf-8")


def write_dates(output: Path, subject: str, random: np.random.Generator) -> None:
    """Dates of the sessions, about a year apart."""
    first = np.datetime64("2020-01-01T09:00:00") + int(random.integers(300)) * np.timedelta64(
        1, "D"
    )
    second = first + int(random.integers(330, 400)) * np.timedelta64(1, "D")
    lines = ["session_id\tacq_time", f"ses-1\t{first}", f"ses-2\t{second}"]
    path = output / subject / f"{subject}_sessions.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def person(subject: str, head: Path, random: np.random.Generator) -> str:
    """Row of participants.tsv."""
    letters = re.match(r"[A-Za-z]+", head.name)
    group = letters[0] if letters else "all"
    sex = "FM"[int(random.integers(2))]
    return f"{subject}\t{int(random.integers(20, 80))}\t{sex}\t{group}"


def write_description(output: Path, people: list[str]) -> None:
    """Write the files at the root of the dataset."""
    description = {"Name": "Heads scanned twice", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (output / "dataset_description.json").write_text(json.dumps(description, indent=1) + "\n")
    made = "drawn at random: the heads carry none"
    columns = {"age": {"Description": f"{made}", "Units": "year"}, "sex": {"Description": made},
               "group": {"Description": "leading letters of the name of the file"}}  # fmt: skip
    (output / "participants.json").write_text(json.dumps(columns, indent=1) + "\n")
    rows = ["participant_id\tage\tsex\tgroup", *people]
    (output / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    readme = (__doc__ or "").replace("    python", "python")
    (output / "README").write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
