"""`callosal slabs`: labelled thick slices of 3D heads, for training on localizers."""

from pathlib import Path

from callosal.pipelines.training.slab_settings import SlabSettings


def slabs(
    table: Path,
    output: Path,
    seed: int = 0,
    model: str = "attention_unet",
    settings: SlabSettings = SlabSettings(),  # noqa: B008 (frozen)
) -> int:
    """Cut labelled thick slices near the midline of 3D heads, in many contrasts.

    Writes a folder that `fit` reads as it is (`data.also`). A model outlines the callosum on a
    series with a contrast that it was trained for, such as the T1 of the exam, and the outline is
    projected onto each slab.

    Args:
        table: Table of the series to cut, with columns separated by tabs: exam, split, image,
            reference (the series that is outlined), motion (ITK transforms between image and
            reference, or empty), count, natural (share of the slabs that keep their contrast).
            Paths are relative to the table.
        output: Folder to write into.
        seed: The same seed gives the same slabs.
        model: Model that outlines the references.
        settings: How slabs may be placed.

    Returns:
        Exit code: 0 all series were cut, 1 none was, 2 some were left out.
    """
    # The help of this command has to come at once: what reads and draws is loaded here.
    from callosal.export.runtime import open_segmenter
    from callosal.export.shipped import resolve_model
    from callosal.pipelines.training.slab_folder import read_slab_table, write_slabs

    segmenter = open_segmenter(resolve_model(model), "cpu")
    return write_slabs(read_slab_table(table), output, seed, settings, segmenter)
