"""The name of every file and folder in the output folder of a run."""

from collections.abc import Mapping

from callosal.pipelines.settings import DicomObject

# In the output folder.
TABLE = "results.csv"
ROWS = "results.jsonl"
MEASURES_TABLE = "measures.csv"
SEGMENTATION_TABLE = "segmentation.csv"
REVIEWED_TABLE = "results.reviewed.csv"
RUNS = "runs"
"""Folder of the runs of all participants among the derivatives of a dataset."""

RUN_FILE = "run.json"
REPORT = "report.html"
SALT_FILE = ".salt"
LOCK_FILE = ".lock"
CASES = "cases"
OUTBOX = "outbox"

# Added by an audit.
AUDIT_TABLE = "audit.csv"
AUDIT_ROWS = "audit.jsonl"
EXAMS = "exams"

# In the outbox, for its owner alone.
QUEUE = "queue.sqlite"
REFUSED = "refused"
REFUSED_REASON = "reason.json"

# In the folder of each case, cases/CASE_ID.
PLAN = "plan.json"
MARKUPS = "plan.mrk.json"
OVERLAY = "overlay.png"
THUMBNAIL = "thumbnail.webp"
MASK = "mask.nii.gz"
ALIGNED = "aligned.nii.gz"
PARCELS = "parcels.nii.gz"
PARCELS_PICTURE = "parcels.png"
SEGMENTATION = "seg.dcm"
STRUCTURED_REPORT = "plan_sr.dcm"
SECONDARY_CAPTURE = "overlay_sc.dcm"
PRESENTATION_STATE = "plan_pr.dcm"
MIDSAGITTAL = "midsagittal.nii.gz"
REFORMATS = ("transverse.nii.gz", "coronal.nii.gz")
HEAD = "head.nii.gz"
NEIGHBOURHOOD = "neighbourhood.nii.gz"
NEIGHBOURS = "neighbours.nii.gz"
NEIGHBOUR_MASKS = "neighbours_mask.nii.gz"
DONE = "done.json"

# Added by a review of the case.
REVIEWED_PLAN = "plan.reviewed.json"
REVIEWED_MASK = "mask.reviewed.nii.gz"
REVIEWED_NEIGHBOUR_MASKS = "neighbours_mask.reviewed.nii.gz"
REVIEWED_OVERLAY = "overlay.reviewed.png"
REVIEWED_THUMBNAIL = "thumbnail.reviewed.webp"
REVIEWED_STRUCTURED_REPORT = "plan_sr.reviewed.dcm"
REVIEWED_SECONDARY_CAPTURE = "overlay_sc.reviewed.dcm"
REVIEWED_SEGMENTATION = "seg.reviewed.dcm"
REVIEW_FILES = (
    REVIEWED_MASK, REVIEWED_OVERLAY, REVIEWED_THUMBNAIL, REVIEWED_STRUCTURED_REPORT,
    REVIEWED_SEGMENTATION, REVIEWED_SECONDARY_CAPTURE, REVIEWED_NEIGHBOUR_MASKS,
)  # fmt: skip
"""What a review makes of its plan, beside the plan itself."""
REVIEW_PAGE = "review.html"
REVISIONS = "reviews"
REJECTED = "rejected"

# Of a stitched exam, beside plan.json and the midsagittal slice (here the middle slice).
STITCHED = "stitched.nii.gz"
STITCHED_RECORD = "stitched.json"
STITCHED_PICTURE = "stitched.png"
STITCHED_SERIES = "stitched"
STITCHED_ROI = "roi.nii.gz"
STITCHED_ROI_SERIES = "roi"

DICOM_OBJECTS: Mapping[DicomObject, str] = {
    "seg": SEGMENTATION,
    "sr": STRUCTURED_REPORT,
    "sc": SECONDARY_CAPTURE,
    "pr": PRESENTATION_STATE,
}
VIEWS = (MIDSAGITTAL, *REFORMATS, HEAD)
OUTPUTS = frozenset({
    PLAN, OVERLAY, THUMBNAIL, MASK, ALIGNED, PARCELS, PARCELS_PICTURE,
    *DICOM_OBJECTS.values(), *VIEWS, NEIGHBOURHOOD, NEIGHBOURS, NEIGHBOUR_MASKS,
    MARKUPS,
})  # fmt: skip
"""What `callosal infer` may write into the folder of a case, beside `DONE`."""
