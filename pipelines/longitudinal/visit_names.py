"""Names of the files that a series of visits is written to."""

from dataclasses import dataclass

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.derivative_names import description

VISITS = "visits.tsv"
CHANGE = "change.tsv"
PAGE = "visits.html"
RECORD = "visits.json"
SPACE = "visits"
"""Name of the common frame in the names of files."""


@dataclass(frozen=True)
class SeriesNames:
    """Where the files of a series of visits lie, relative to the folder of the results.

    Attributes:
        participant: Label of the participant, such as sub-01.
        stem: Stem of the series, such as sub-01_acq-mprage_T1w.
    """

    participant: str
    stem: str

    @property
    def visits(self) -> str:
        """The measures of each visit, one row each."""
        return self._of(VISITS)

    @property
    def change(self) -> str:
        """The change of each measure, one row each."""
        return self._of(CHANGE)

    @property
    def page(self) -> str:
        """The page that flips between the visits."""
        return self._of(PAGE)

    @property
    def record(self) -> str:
        """What the files were made from; written last."""
        return self._of(RECORD)

    def _of(self, ending: str) -> str:
        prefix, _, suffix = self.stem.rpartition("_")
        return f"{self.participant}/{prefix}_desc-{description(suffix)}_{ending}"


def slice_name(image: BidsImage) -> str:
    """The slice of a visit in the common plane."""
    return _of_visit(image, f"{image.suffix}.nii.gz")


def mask_name(image: BidsImage) -> str:
    """The callosum on that slice."""
    return _of_visit(image, "mask.nii.gz")


def _of_visit(image: BidsImage, ending: str) -> str:
    prefix = image.stem.removesuffix(f"_{image.suffix}")
    folder = image.name.rpartition("/")[0]
    return f"{folder}/{prefix}_space-{SPACE}_desc-{description(image.suffix)}_{ending}"
