"""A run's folder of any number of cases, as `callosal infer` would have left it."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np

from callosal.pipelines.case.process import failed_document
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import callosum_contour_mm
from callosal.pipelines.outputs.file_names import THUMBNAIL
from callosal.pipelines.outputs.results import COLUMNS
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.pictures.overlay import draw_overlay
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.planning.findings import BARS
from callosal.pipelines.settings import FusionSettings

DOUBTS = ("weak_symmetry", "neighbours_disagree", "blurred_border", "weak_evidence",
          "cut_by_field_of_view")  # fmt: skip


STACK = {
    "n_slices": 28, "thickness_mm": 5.0, "gap_mm": 1.0, "fov_mm": [190.0, 210.0],
    "prescription": "T > C -5.8 > S 1.2", "assumed": [], "center_lps_mm": [0.0, 20.0, 10.0],
    "image_orientation_patient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
}  # fmt: skip
PROFILE_MM = [round(6 + 4 * abs(2 * share - 1) ** 3 - 3 * (share < 0.02), 2)
              for share in np.linspace(0, 1, 100)]  # fmt: skip
TURNED_DEG = -17.7


@cache
def drawn_overlay(seed):
    """The overlay of a phantom slice with its own callosum."""
    pixels, mask = phantom_slice(seed, (260, 260), 1.0)
    place = SliceImage(pixels, (1.0, 1.0), np.zeros(3), np.eye(3)[1], -np.eye(3)[2])
    contour = callosum_contour_mm(mask.astype(float), place)
    box = RotatedBox.around(contour)
    line = find_reference_line("subcallosal", contour, box)
    final = fuse(box, line, FusionSettings()).roi
    return draw_overlay(place, [contour], box, line, final, "ok 0.97")


def make_row(rng, index):
    """One row: most are sure, some doubtful, a few without a callosum, failed or skipped."""
    row = dict.fromkeys(COLUMNS) | {
        "case_id": f"case-{rng.integers(16**12):012x}", "kind": "dicom", "dof_estimated": 3,
        "seconds": round(float(rng.gamma(9, 0.1)), 3), "reasons": "",
    }  # fmt: skip
    drawn = rng.random()
    if drawn > 0.985:
        return row | {"status": "skipped", "reasons": "later_time_point", "seconds": None}
    if drawn > 0.97:
        return row | {"status": "failed", "reasons": "decode_failed"}
    if drawn > 0.955:
        return row | {"status": "no_callosum", "reasons": "nothing_segmented", "confidence": 0.0}
    sure = drawn < 0.86
    angle = float(rng.normal(-6, 5)) + (38 if index % 61 == 60 else 0)
    area = float(rng.normal(640, 95)) + (520 if index % 83 == 82 else 0)
    doubts = () if sure else rng.choice(DOUBTS, rng.integers(1, 4), replace=False)
    return row | {
        "status": "ok" if sure else "low_confidence",
        "confidence": round(float(rng.beta(14, 1.2) if sure else rng.uniform(0.05, 0.5)), 4),
        "reasons": ";".join(doubts),
        "final_angle_deg": round(angle, 4),
        "box_angle_deg": round(angle + 0.4, 4),
        "line_angle_deg": round(angle - 0.4, 4),
        "area_mm2": round(area, 4),
        "final_center_x_lps_mm": 1.2, "final_center_y_lps_mm": -3.4, "final_center_z_lps_mm": 9.1,
        "box_length_mm": 72.5, "box_width_mm": 27.1, "midline_length_mm": 92.3,
        "thickness_mean_mm": 6.41, "cc_index": 0.38,
        "transverse": f"T > C {angle:.1f} > S 1.2",
        **{name: round(1 + abs(angle) / 9, 2) if sure else None for name in BARS},
    }  # fmt: skip


def plan_parts(row):
    """Stacks and profile of a planned case, nothing of another."""
    if row["area_mm2"] is None:
        return {}
    planes = {name: STACK | {"prescription": row["transverse"]} for name in
              ("transverse", "coronal", "sagittal")}  # fmt: skip
    return {"planes": planes, "morphometry": {"thickness_profile_mm": PROFILE_MM}}


def add_review(folder, row, decision):
    """Write a review of a case, as `callosal review` would have left it."""
    place = Path(folder) / "cases" / row["case_id"]
    content = (place / "plan.json").read_bytes()
    whole = failed_document({"kind": "dicom"}, "too_few_slices")
    plan = whole | json.loads(content) | {
        "status": row["status"], "confidence": row["confidence"], "reasons": [],
        "source": {"kind": "dicom"}, "box": None, "line": None, "dof_estimated": 3,
        "final": {
            "angle_deg": row["final_angle_deg"], "center_lps_mm": [1.2, -3.4, 9.1],
            "center_mm": [0.0, 0.0],
        },
    }  # fmt: skip
    if decision == "corrected":
        plan["final"]["angle_deg"] = TURNED_DEG
        plan["planes"]["transverse"]["prescription"] = "T > C 17.7 > S 1.2"
    review = {
        "case_id": row["case_id"], "decision": decision, "reviewer": "R. Reader",
        "comment": "a little low", "reviewed_at": "2026-03-01T10:00:00Z",
        "plan_sha256": hashlib.sha256(content).hexdigest(),
        "plan": None if decision == "rejected" else plan,
    }  # fmt: skip
    (place / "plan.reviewed.json").write_text(json.dumps(review))


def make_run(folder, n_cases, seed=0, n_pictures=12):
    """Write a run of so many cases; returns its rows in the order of their ids."""
    rng = np.random.default_rng(seed)
    rows = sorted((make_row(rng, index) for index in range(n_cases)), key=lambda r: r["case_id"])
    pictures = [thumbnail_bytes(drawn_overlay(number)) for number in range(n_pictures)]
    for index, row in enumerate(rows):
        if row["status"] == "skipped":
            continue
        place = Path(folder) / "cases" / row["case_id"]
        place.mkdir(parents=True)
        stages = {"midsagittal": rng.gamma(9, 60), "segmentation": rng.gamma(9, 6), "plan": 14.1}
        (place / "plan.json").write_text(json.dumps({"timings_ms": stages, **plan_parts(row)}))
        if row["area_mm2"] is not None:
            (place / THUMBNAIL).write_bytes(pictures[index % n_pictures])
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (Path(folder) / "results.jsonl").write_text(lines)
    record = {
        "model": {"name": "attention_unet", "sha256": "329ad20a" * 8},
        "device": {"asked": "auto", "provider": "CPUExecutionProvider"},
        "versions": {"callosal": "0.1.0", "numpy": "2.4.6", "onnxruntime": "1.31.1"},
        "config_sha256": "acba8594" * 8, "python": "3.11.7", "machine": "x86_64",
        "timings_s": {"list": 4.2, "open_model": 0.08, "cases": 1830.1},
    }  # fmt: skip
    (Path(folder) / "run.json").write_text(json.dumps(record))
    return rows
