"""Results of a made group: tables as the participant level writes them, with a known difference."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from callosal.pipelines.bids.tsv import tsv_text

THINNER = slice(60, 80)
"""Places of the midline where group b is thinner, by 2 mm."""

PEOPLE = 16
LEFT_OUT = "sub-16"
MADE_WITH = {
    "software": {"callosal": "9.9"},
    "model": {"name": "net", "sha256": "0123456789"},
    "config_sha256": "abcdefabcdef",
}
"""The part of a plan that says what made it."""


def make_group(folder: Path, n_people: int = PEOPLE) -> tuple[Path, Path]:
    """Dataset and derivatives of participants in two groups, two sessions each.

    One session of the last participant has no confidence; sub-01 has an area far from the others.
    """
    dataset, output = folder / "data", folder / "out"
    dataset.mkdir()
    random = np.random.default_rng(0)
    people = ["participant_id\tage\tsex\tgroup"]
    for number in range(1, n_people + 1):
        name, group = f"sub-{number:02d}", "ab"[number % 2]
        (dataset / name).mkdir()
        people.append(f"{name}\t{20 + number}\t{'FM'[number // 2 % 2]}\t{group}")
        profile = 6 + random.normal(0, 0.4, 100).cumsum() / 8
        profile[THINNER] -= 2.0 if group == "b" else 0.0
        area = 2000.0 if number == 1 else 600 + 20 * random.normal()
        for session in ("ses-1", "ses-2"):
            image = dataset / name / session / "anat" / f"{name}_{session}_T1w.nii.gz"
            image.parent.mkdir(parents=True)
            image.touch()
            is_sure = not (name == LEFT_OUT and session == "ses-2")
            values = {"status": "ok" if is_sure else "low_confidence", "area_mm2": round(area, 2)}
            _write(output, name, session, values, profile)
    people.append("sub-99\t50\tF\ta")
    (dataset / "participants.tsv").write_text("\n".join(people) + "\n")
    (dataset / "dataset_description.json").write_text(
        json.dumps({"Name": "Made <group>", "BIDSVersion": "1.10.0"})
    )
    return dataset, output


def _write(
    output: Path, name: str, session: str, values: dict[str, Any], profile: np.ndarray
) -> None:
    folder = output / name / session / "anat"
    folder.mkdir(parents=True)
    row = {
        "participant_id": name, "session_id": session, "reasons": None, "finding": "whole",
        "image": f"{name}/{session}/anat/{name}_{session}_T1w.nii.gz", "confidence": 0.9,
        "final_angle_deg": -5.0, "plane_deg": 0.2, "plane_mm": 0.1, **values,
        "cc_index": round(float(profile.mean()) / 15, 4),
    }  # fmt: skip
    columns = (
        "participant_id", "session_id", "image", "status", "confidence", "reasons", "finding",
        "final_angle_deg", "plane_deg", "plane_mm", "area_mm2", "cc_index",
    )  # fmt: skip
    stem = f"{name}_{session}_desc-callosum"
    (folder / f"{stem}_morph.tsv").write_text(tsv_text(columns, [row]))
    (folder / f"{stem}_plan.json").write_text(json.dumps(MADE_WITH))
    places = [{"position": (i + 0.5) / 100, "thickness_mm": round(float(v), 4)}
              for i, v in enumerate(profile)]  # fmt: skip
    (folder / f"{stem}_thickness.tsv").write_text(tsv_text(("position", "thickness_mm"), places))
