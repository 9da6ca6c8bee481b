"""The derivatives of one image, made of its case folder."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.derivative_names import DerivativeNames, lookup_table, sidecar
from callosal.pipelines.bids.morphometry_table import morphometry_tsv, thickness_tsv
from callosal.pipelines.bids.tsv import tsv_text
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital.source_mask import mask_on_source
from callosal.pipelines.outputs.atomic import make_folder, remove, write_bytes
from callosal.pipelines.outputs.file_names import (
    MASK,
    OVERLAY,
    PARCELS,
    PARCELS_PICTURE,
)
from callosal.pipelines.outputs.file_names import PLAN as PLAN_FILE
from callosal.pipelines.pictures.parcellation import COLORS
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.nifti import read_nifti_grid

Labels = NDArray[np.uint8]

PART_NAMES: Mapping[str, tuple[str, ...]] = {
    "witelson": (
        "rostrum", "genu", "rostral body", "anterior midbody", "posterior midbody", "isthmus",
        "splenium", "undivided anterior third",
    ),
    "hofer_frahm": (
        "prefrontal", "premotor and supplementary motor", "motor", "sensory",
        "parietal, temporal and occipital",
    ),
}  # fmt: skip
"""What the labels of each scheme mean, from 1."""


def write_derivatives(
    image: BidsImage, row: Mapping[str, Any], case_folder: Path, output_dir: Path, scheme: str
) -> None:
    """Write the derivatives of an image; those of an earlier run that it lacks now are removed.

    Args:
        image: The image.
        row: Its row in the tables of the run.
        case_folder: Folder of its case; it need not be there.
        output_dir: Folder of the results.
        scheme: Scheme of its parcels.

    Raises:
        OutputError: The disk is full or read-only.
        InputError: The plan or the image cannot be read any more.
    """
    names = DerivativeNames(image, scheme)
    files = derivative_files(image, row, case_folder, names)
    for name, content in files.items():
        make_folder((output_dir / name).parent)
        write_bytes(output_dir / name, content)
    for stale in names.all() - set(files):
        remove(output_dir / stale)


def derivative_files(
    image: BidsImage, row: Mapping[str, Any], case_folder: Path, names: DerivativeNames
) -> dict[str, bytes]:
    """Content of each derivative by its name; an image without a callosum has only a few.

    Args:
        image: The image.
        row: Its row in the tables of the run.
        case_folder: Folder of its case.
        names: The names.
    """
    path = case_folder / PLAN_FILE
    plan = Plan.read(path) if path.is_file() else None
    files = {names.morphometry: morphometry_tsv(image, row, plan).encode()}
    if plan is None:
        return files
    files[names.plan] = path.read_bytes()
    thickness = thickness_tsv(plan)
    if thickness is not None:
        files[names.thickness] = thickness.encode()
    for source, name in ((OVERLAY, names.overlay), (PARCELS_PICTURE, names.parcels_picture)):
        if (case_folder / source).is_file():
            files[name] = (case_folder / source).read_bytes()
    if plan.midsagittal is not None and (case_folder / MASK).is_file():
        files |= _masks(image, plan.midsagittal, case_folder, names)
    return files


def _masks(
    image: BidsImage, place: SliceImage, case_folder: Path, names: DerivativeNames
) -> dict[str, bytes]:
    mask = _slice_labels(case_folder / MASK)
    files = {
        names.mask: _on_image(image, mask, place),
        sidecar(names.mask): _json(
            {
                "Description": "Corpus callosum in the midsagittal plane, one voxel thick, on the "
                "voxels of the image",
                **_origin(image),
                "Type": "ROI",
            }
        ),
        names.slice_mask: (case_folder / MASK).read_bytes(),
        sidecar(names.slice_mask): _json(
            {
                "Description": "Corpus callosum on the midsagittal slice, on which it is measured",
                **_origin(image),
                "Type": "ROI",
            }
        ),
    }
    if (case_folder / PARCELS).is_file():
        labels = _slice_labels(case_folder / PARCELS)
        files |= {
            names.parcels: _on_image(image, labels, place),
            sidecar(names.parcels): _json(
                {
                    "Description": f"Parts of the corpus callosum ({names.scheme}), counted along "
                    "its midline, on the voxels of the image",
                    **_origin(image),
                }
            ),
            lookup_table(names.parcels): _part_table(names.scheme).encode(),
        }
    return files


def _origin(image: BidsImage) -> dict[str, Any]:
    """What a mask was made of; its voxels or its millimetres are those of that image."""
    uri = f"bids:raw:{image.name}"
    return {"Sources": [uri], "SpatialReference": uri}


def _slice_labels(path: Path) -> Labels:
    image: Any = nib.load(path)
    return np.asarray(image.dataobj)[..., 0].astype(np.uint8)


def _on_image(image: BidsImage, labels: Labels, place: SliceImage) -> bytes:
    """Labels on the voxels of an image, as a NIfTI file with the place of that image."""
    geometry = read_nifti_grid(image.path).geometry
    found = mask_on_source(labels, place, geometry)
    voxels = np.zeros(geometry.spatial_shape, np.uint8)
    voxels[list(found.slices)] = found.frames
    source: Any = nib.load(image.path)
    written = nib.Nifti1Image(voxels, source.affine)
    written.header.set_xyzt_units("mm")
    # The forms of the image as they are: two forms that differ slightly differ here too.
    for name in ("qform", "sform"):
        affine, code = getattr(source.header, f"get_{name}")(coded=True)
        getattr(written, f"set_{name}")(source.affine if affine is None else affine, int(code))
    return gzip.compress(written.to_bytes(), compresslevel=3, mtime=0)


def _part_table(scheme: str) -> str:
    rows = [
        {"index": number, "name": name, "color": "#{:02x}{:02x}{:02x}".format(*color)}
        for number, (name, color) in enumerate(
            zip(PART_NAMES[scheme], (*COLORS, (128, 128, 128)), strict=False), start=1
        )
    ]
    return tsv_text(("index", "name", "color"), rows)


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
