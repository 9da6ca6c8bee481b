"""`callosal stitch`: join the stations of a spine into one volume."""

from pathlib import Path

from callosal.pipelines.stitching.settings import StitchSettings


def stitch(
    inputs: list[Path],
    output: Path,
    settings: StitchSettings = StitchSettings(),  # noqa: B008 (frozen)
) -> int:
    """Join the stations of a spine, or of any exam along the table, into one volume.

    Sagittal or coronal stacks of one exam, frame of reference and contrast are found and joined.
    Writes report.html and, for each exam, a folder with stitched.nii.gz, the derived DICOM series
    in stitched/, stitched.png and stitched.json. `callosal review OUTPUT` opens the picture, on
    which you can set a region by hand.

    Args:
        inputs: Folders of DICOM files (any nesting, any file names).
        output: Folder to write into; created if it is missing.
        settings: How stations are matched and blended, and how far they may be shifted.

    Returns:
        Exit code: 0 all joined, 1 nothing could be joined, 2 some exams or stations were refused.
    """
    # The help of this command has to come at once: what reads and joins is loaded here.
    from callosal.pipelines.report.page import write_report
    from callosal.pipelines.stitching.run import run_stitching

    code = run_stitching(inputs, output, settings)
    write_report(output)
    return code
