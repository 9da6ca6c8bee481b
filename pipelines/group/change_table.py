"""The changes of all participants in one table, joined with what is known of them."""

from pathlib import Path

from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.group.table import GroupTable, Row, typed
from callosal.pipelines.longitudinal.visit_names import CHANGE

SERIES = "series"


def change_rows(table: GroupTable, output_dir: Path) -> list[Row]:
    """One row for each participant and measure, from what the longitudinal level wrote.

    Args:
        table: All images, with the traits of their participants. Of a trait that differs between
            sessions, that of the first one counts.
        output_dir: Folder of the derivatives.

    Raises:
        InputError: `bad_table`: a table cannot be read.
    """
    known: dict[str, Row] = {}
    for row in table.rows:
        traits = {name: row.get(name) for name in table.traits}
        known.setdefault(str(row["participant_id"]), traits)
    return [
        {
            "participant_id": path.parent.name,
            SERIES: path.name.removesuffix(f"_{CHANGE}"),
            **known[path.parent.name],
            **{name: typed(name, value) for name, value in row.items()},
        }
        for path in sorted(output_dir.glob(f"sub-*/*_{CHANGE}"))
        if path.parent.name in known
        for row in read_tsv(path)
    ]
