"""`callosal randomise`: synthetic pairs from labelled slices, without a trained generator."""

from pathlib import Path
from typing import Literal

from callosal.pipelines.synthesis.randomised.settings import Randomisation


def randomise(
    input: Path,
    output: Path,
    count: int = 200,
    seed: int = 0,
    split: str = "train",
    limit: int | None = None,
    surroundings: Literal["classes", "blobs"] = "classes",
    spacing_mm: float = 1.0,
    settings: Randomisation = Randomisation(),  # noqa: B008 (frozen)
) -> int:
    """Make domain-randomised pairs: real anatomy with made-up contrast, bias, blur and noise.

    Writes a folder that `fit` reads as it is: NIfTI pairs, participants.tsv (a tenth of the pairs
    is the split val), manifest.json and grid.png. No training is needed, and the pairs contain no
    intensities of a patient; the shapes are those of the labelled slices, deformed.

    Args:
        input: Folder of NIfTI pairs with participants.tsv.
        output: Folder to write into.
        count: Pairs to make.
        seed: The same seed gives the same pairs.
        split: Which split of participants.tsv the anatomy comes from.
        limit: Use at most this many labelled slices, evenly spread; by default all.
        surroundings: classes takes regions of similar intensity in the labelled slices; blobs makes
            random regions and uses only the masks.
        spacing_mm: Pixel size of the pairs.
        settings: How far a pair may differ from the slice that it was made from.

    Returns:
        Exit code 0.
    """
    # The help of this command has to come at once: what reads and draws is loaded here.
    from callosal.pipelines.synthesis.randomised.randomised_folder import write_randomised

    return write_randomised(
        input, output, count, seed, split, limit, surroundings, spacing_mm, settings
    )
