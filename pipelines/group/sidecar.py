"""group.json: what the columns of group.tsv mean, as a sidecar of BIDS."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.bids.morphometry_table import column_description
from callosal.pipelines.group.made_with import MADE_WITH
from callosal.pipelines.group.participants import PARTICIPANTS
from callosal.pipelines.group.table import REVIEW, SAME_IMAGE, GroupTable
from callosal.pipelines.outputs.json_object import json_object
from callosal.pipelines.outputs.measures_table import THICKNESS_COLUMNS

_WORDS: Mapping[str, str] = {
    REVIEW: "what a person decided on the plan: accepted, corrected or rejected; n/a for nothing",
    SAME_IMAGE: "image of an earlier row whose file has the same content; n/a for none",
    "software": "version that measured the image",
    "model": "network that outlined the callosum, with the start of its hash",
    "settings": "start of the hash of the settings, config_sha256 in runs/*/run.json",
}


def sidecar_json(table: GroupTable, bids_dir: Path) -> str:
    """The description of every column; that of a trait is the one of the dataset, if it has one.

    `Levels` of the columns of model, version and settings count the images, so that a mixture is
    seen at a glance.

    Args:
        table: All images.
        bids_dir: Folder of the dataset.
    """
    known = _known_traits(bids_dir)
    content = {name: _described(name, table, known) for name in table.columns}
    return json.dumps(content, indent=1) + "\n"


def _described(name: str, table: GroupTable, traits: Mapping[str, Any]) -> Any:
    if name in table.traits:
        return traits.get(name, {"Description": "column of a table of the dataset"})
    if name in THICKNESS_COLUMNS:
        place = THICKNESS_COLUMNS.index(name) + 1
        return {
            "Description": f"thickness at place {place} of {len(THICKNESS_COLUMNS)} along the "
            "midline, rostrum first",
            "Units": "mm",
        }
    if name not in _WORDS:
        return column_description(name)
    described: dict[str, Any] = {"Description": _WORDS[name]}
    if name in MADE_WITH:
        counts = Counter(str(row[name]) for row in table.rows if row[name] is not None)
        described["Levels"] = {
            value: f"{n} image{'s' if n > 1 else ''}" for value, n in counts.items()
        }
    return described


def _known_traits(bids_dir: Path) -> dict[str, Any]:
    """The sidecar of participants.tsv; a dataset may lack it."""
    return json_object((bids_dir / PARTICIPANTS).with_suffix(".json"))
