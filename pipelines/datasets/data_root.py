"""Where the data of a training run lie."""

import os
from collections.abc import Sequence
from pathlib import Path

from callosal.models.errors import DataError

VARIABLE = "CALLOSAL_DATA"


def chosen_root(root: Path | None) -> Path | None:
    """The folder that is asked for, else that of $CALLOSAL_DATA; None for the phantom.

    Raises:
        DataError: The folder that is asked for does not exist.
    """
    if root is not None and not root.is_dir():
        raise DataError(
            f"data.root: the folder {root} does not exist; name a folder of NIfTI pairs with "
            "participants.tsv (`callosal generate --output FOLDER` writes one), or give null for "
            f"the folder of ${VARIABLE} and else the phantom",
            code="no_such_folder",
        )
    return root or usual_root()


def usual_root() -> Path | None:
    """The folder of $CALLOSAL_DATA; None where it is not set.

    Raises:
        DataError: It is set, but there is no such folder.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    if not Path(name).is_dir():
        raise DataError(
            f"${VARIABLE}: the folder {name} does not exist; correct or unset it, or give "
            "--data.root FOLDER",
            code="no_such_folder",
        )
    return Path(name)


def source_note(roots: Sequence[Path], train: int, val: int, sites: int) -> str:
    """One line that says what a run trains on.

    Args:
        roots: Folders of the data; none for the phantom.
        train: Training slices.
        val: Validation slices.
        sites: Sites of both; 0 where nobody knows them.
    """
    counts = f"{train} train, {val} val slices"
    if roots:
        names = " and ".join(root.name or str(root) for root in roots)
        return f"training on {names}: {counts}" + (f" of {sites} sites" if sites else "")
    return (
        f"no data given: training on the phantom (drawings, {counts}); give --data.root FOLDER "
        f"or set ${VARIABLE}"
    )
