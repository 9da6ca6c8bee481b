"""The files at the root of the derivatives: what they are, of what, and made by what."""

import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from callosal.pipelines.bids.derivative_names import MORPHOMETRY, PLAN, THICKNESS
from callosal.pipelines.bids.morphometry_table import KEYS, POSE, QUALITY, column_description
from callosal.pipelines.bids.validation import DESCRIPTION
from callosal.pipelines.morphometry.head_size import HEAD_MEASURES
from callosal.pipelines.morphometry.measures import OF_THE_MIDLINE, PART_NAMES
from callosal.pipelines.outputs.atomic import make_folder, write_text
from callosal.pipelines.outputs.file_names import RUNS

BIDS_VERSION = "1.10.0"

_OF_THE_OUTLINE = (
    "area_mm2", "pv_area_mm2", "perimeter_mm", "circularity", "box_length_mm", "box_width_mm",
    "height_mm", "ap_diameter_mm", "cc_index",
)  # fmt: skip

_IGNORED = (RUNS, "sub-*/figures", f"*_{MORPHOMETRY}", f"*_{THICKNESS}", f"*_{PLAN}",
            "*_morph.json", "*_thickness.json", "*_visits.*", "*_change.*", "group*")  # fmt: skip
"""What BIDS has no name for yet; the validator leaves it out."""

_README = """# Derivatives of callosal

The corpus callosum of each image of a BIDS dataset, measured in the midsagittal plane.

- `sub-*/.../*_mask.nii.gz`: the callosum, on the voxels of the image (one voxel thick) and on the
  midsagittal slice (`space-midsagittal`).
- `*_dseg.nii.gz`, `*_dseg.tsv`: its parts, and their names.
- `*_morph.tsv`: status, confidence and every measure. `*_thickness.tsv`: the thickness profile.
- `*_plan.json`: the scan plan, with everything that was found.
- `sub-*/figures/`: pictures for a check by eye.
- `runs/sub-*/report.html`: the report of a participant. `callosal review .` opens the plans of all
  participants for review.
- `sub-*/*_visits.html`: a page that flips between the visits of a participant; `*_visits.tsv` and
  `*_change.tsv` hold the measures in their common plane, and what changed. The slices and masks of
  that plane are `*_space-visits_*`. `callosal bids ... longitudinal` writes them.
- `group.tsv`, `group.html`: all sessions in one table and on one page, once
  `callosal bids ... group` has run; `group.json` explains the columns.

Check `status` and the pictures before you use a measure. Not a medical device: for research only.
"""


def write_dataset_files(bids_dir: Path, output_dir: Path, raw: Mapping[str, Any]) -> None:
    """Write description, README, .bidsignore and the sidecars that hold for all participants.

    Args:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.
        raw: Content of the dataset's description.

    Raises:
        OutputError: The disk is full or read-only.
    """
    make_folder(output_dir)
    description = _description(bids_dir, output_dir, raw)
    write_text(output_dir / DESCRIPTION, json.dumps(description, indent=1) + "\n")
    write_text(output_dir / "README.md", _README)
    write_text(output_dir / ".bidsignore", "\n".join(_IGNORED) + "\n")
    columns = (
        *KEYS,
        *QUALITY,
        *POSE,
        *_OF_THE_OUTLINE,
        *OF_THE_MIDLINE,
        *PART_NAMES,
        *HEAD_MEASURES,
    )
    words = {name: column_description(name) for name in columns}
    write_text(output_dir / "desc-callosum_morph.json", json.dumps(words, indent=1) + "\n")
    profile = {
        "position": {"Description": "share of the midline from the tip of the rostrum, 0 to 1"},
        "thickness_mm": {"Description": "length of the field line there", "Units": "mm"},
    }
    write_text(output_dir / "desc-callosum_thickness.json", json.dumps(profile, indent=1) + "\n")


def _description(bids_dir: Path, output_dir: Path, raw: Mapping[str, Any]) -> dict[str, Any]:
    # Relative: an absolute path would say where and whose the data is.
    place = Path(os.path.relpath(bids_dir.resolve(), output_dir.resolve())).as_posix()
    source = {"URL": place}
    if isinstance(raw.get("DatasetDOI"), str):
        source["DOI"] = raw["DatasetDOI"]
    return {
        "Name": f"callosal: corpus callosum of {raw['Name']}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "callosal",
                "Version": version("callosal"),
                "Description": "finds the corpus callosum on head MRI and measures it",
            }
        ],
        "SourceDatasets": [source],
        "DatasetLinks": {"raw": place},
    }
