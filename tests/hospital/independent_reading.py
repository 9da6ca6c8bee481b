"""The written objects read again with pydicom and nibabel alone, by other ways than they were made.

Nothing here uses the package: positions come from the elements of each file.
"""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom import dcmread

Voxels = set[tuple[str, int, int, int]]


def frame_geometry(image, index):
    """Position, row and column steps of a frame in LPS mm, as affine from (row, column)."""
    if "PerFrameFunctionalGroupsSequence" not in image:
        shared = own = {"o": image, "p": image, "m": image}
    else:
        groups = image.PerFrameFunctionalGroupsSequence[index]
        shared = image.SharedFunctionalGroupsSequence[0]

        def group(name):
            return (groups if name in groups else shared)[name][0]

        own = {
            "o": group("PlaneOrientationSequence"),
            "p": group("PlanePositionSequence"),
            "m": group("PixelMeasuresSequence"),
        }
        shared = own
    cosines = np.array(own["o"].ImageOrientationPatient, float)
    position = np.array(own["p"].ImagePositionPatient, float)
    between_rows, between_columns = (float(value) for value in own["m"].PixelSpacing)
    return position, cosines[3:] * between_rows, cosines[:3] * between_columns


def labelled_voxels(path: Path) -> Voxels:
    """Voxels that a SEG marks, as (SOP instance, frame, row, column) of the images it names."""
    seg = dcmread(path)
    frames = np.atleast_3d(seg.pixel_array)
    frames = frames if seg.pixel_array.ndim == 3 else seg.pixel_array[None]
    found: Voxels = set()
    for groups, frame in zip(seg.PerFrameFunctionalGroupsSequence, frames, strict=True):
        (source,) = groups.DerivationImageSequence[0].SourceImageSequence
        number = source.get("ReferencedFrameNumber", 1)
        uid = str(source.ReferencedSOPInstanceUID)
        found |= {(uid, int(number), int(r), int(c)) for r, c in np.argwhere(frame)}
    return found


def masked_voxels(mask_path: Path, images: Iterable[Path]) -> Voxels:
    """Voxels of a series that lie nearest to the plane of mask.nii.gz and inside its mask.

    The nearest of a line of voxels lies within half the line's step of the plane.
    """
    nifti = nib.load(mask_path)
    mask = np.asarray(nifti.dataobj)[..., 0]
    to_mask = np.linalg.inv(nifti.affine) @ np.diag([-1, -1, 1, 1])
    loaded = [dcmread(path) for path in images]
    frames = [(image, i) for image in loaded for i in range(int(image.get("NumberOfFrames", 1)))]
    places = [frame_geometry(image, index) for image, index in frames]
    order = np.argsort([np.cross(place[2], place[1]) @ place[0] for place in places])
    between = (places[order[-1]][0] - places[order[0]][0]) / (len(places) - 1)
    normal = nifti.affine[:3, 2] * [-1, -1, 1]
    steps = np.array([between, *places[0][1:]])
    slant = np.abs(steps @ normal) / np.linalg.norm(steps, axis=1)
    half = abs(float(steps[np.argmax(slant)] @ normal)) / 2
    found: Voxels = set()
    for (image, index), (position, down, along) in zip(frames, places, strict=True):
        rows, columns = np.indices((image.Rows, image.Columns)).reshape(2, -1)
        points = position + rows[:, None] * down + columns[:, None] * along
        i, j, k = (points @ to_mask[:3, :3].T + to_mask[:3, 3]).T
        i, j = np.rint(i).astype(int), np.rint(j).astype(int)
        near = (np.abs(k) <= half) & (i >= 0) & (j >= 0)
        near &= (i < mask.shape[0]) & (j < mask.shape[1])
        hit = np.flatnonzero(near)
        hit = hit[mask[i[hit], j[hit]] > 0]
        uid = str(image.SOPInstanceUID)
        found |= {(uid, index + 1, int(rows[n]), int(columns[n])) for n in hit}
    return found


def dice(first: Voxels, second: Voxels) -> float:
    """Overlap of two sets."""
    return 2 * len(first & second) / (len(first) + len(second))


def items_of(dataset, value_type: str):
    """All content items of a kind, at any depth, with their measurement group."""
    for item in dataset.get("ContentSequence", []):
        if item.ValueType == value_type:
            yield item
        yield from items_of(item, value_type)


def groups_of(report):
    """Measurement groups by tracking identifier."""
    found = {}
    for container in items_of(report, "CONTAINER"):
        for item in container.get("ContentSequence", []):
            code = item.ConceptNameCodeSequence[0].CodeValue
            if code == "112039":  # Tracking Identifier
                found[item.TextValue] = container
    return found


def numbers_of(group) -> dict[str, float]:
    """Measured values of a group by code value."""
    return {
        item.ConceptNameCodeSequence[0].CodeValue: float(item.MeasuredValueSequence[0].NumericValue)
        for item in items_of(group, "NUM")
    }


def points_of(group) -> np.ndarray:
    """Coordinates of the first SCOORD3D of a group, shape (N, 3)."""
    return np.reshape(np.array(next(items_of(group, "SCOORD3D")).GraphicData, float), (-1, 3))


def validator_errors(path: Path) -> list[str] | None:
    """Error lines of dciodvfy; None where it is not installed."""
    if shutil.which("dciodvfy") is None:
        return None
    run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]


def dumped_report(path: Path) -> str | None:
    """What dcmtk's dsrdump reads of a structured report; None where it is not installed."""
    if shutil.which("dsrdump") is None:
        return None
    run = subprocess.run(["dsrdump", str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout
