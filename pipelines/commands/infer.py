"""`callosal infer`: folders of DICOM and NIfTI files to scan plans."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT
from callosal.models.errors import InputError
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.settings import Settings


def infer(
    inputs: list[Path],
    output: Path,
    model: str = DEFAULT,
    device: Device = "auto",
    workers: int = 2,
    threads: int | None = None,
    part_id: int = 0,
    num_parts: int = 1,
    overwrite: bool = False,
    reslice: bool = False,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
    engine: Literal["local", "ray"] = "local",
    ray: RayOptions = RayOptions(),  # noqa: B008 (frozen)
    mapping: Path | None = None,
    best_of: Literal["series", "exam"] = "series",
    fuse: Literal["scout", "exam"] = "scout",
    like: Path | None = None,
    protocol: str | None = None,
    include: list[str] = [],  # noqa: B006 (never changed)
    exclude: list[str] = [],  # noqa: B006
    names: Literal["auto", "files", "series", "hash"] = "auto",
    segmentation: str | None = None,
) -> int:
    """Find the corpus callosum on head MRI and write a scan plan for each series.

    Writes report.html, run.json, results.csv, results.jsonl and a folder for each case with
    plan.json, overlay.png and mask.nii.gz. Finished cases are kept when the command is run again.

    Args:
        inputs: Folders of DICOM (any nesting, any file names) and NIfTI files.
        output: Folder to write into; created if it is missing.
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto uses a GPU if one works; any other is used or refused.
        workers: Threads that read ahead.
        threads: Threads of the network; by default the cores this process may use.
        part_id: Which part of the cases, from 0, if several machines share the work.
        num_parts: Number of parts.
        overwrite: Plan on finished cases again.
        reslice: Also write aligned.nii.gz, the volume resliced along the plan in 1 mm voxels
            (or settings.aligned_voxel_mm).
        settings: How the pose and the plan are made.
        engine: local works in this process; ray spreads the cases over a Ray cluster, whose
            machines all see the inputs at the same paths (extra `ray`).
        ray: Workers on the cluster, with `--engine ray`.
        mapping: CSV file outside of the output folder that records the series of each case. It
            holds UIDs and folders, so it is personal, readable by you alone, and written only on
            request.
        best_of: series plans on every series; exam plans only on the best one of each exam, by
            voxel size, contrast and coverage. `callosal list-series` names it and says why.
        fuse: scout combines the stacks of one localizer into one case; exam combines all 2D stacks
            of one frame of reference, however far apart in time, which is right only if the patient
            did not move.
        like: plan.json or run folder of a first visit, whose stacks are repeated at the same place
            in the anatomy; the place is refined by registration if both visits are volumes.
        protocol: Line, centre and slices of the stacks: callosum, ac_pc, orbitomeatal,
            hippocampus, brain_stem, or a YAML file such as those.
        include: Patterns such as '*_T1w.nii.gz'; only files that match one are looked at. A
            pattern is compared with the name of a file and with its path in the input.
        exclude: Patterns of files that are left out.
        names: How cases are named in folders, tables and reports. files names a NIfTI file after
            its path in the input, and a DICOM series by a salted hash. series is like files, but
            names a DICOM series by its number and description, which may be personal. hash names
            every case by a hash. auto is files if the input holds no DICOM, else hash.
        segmentation: Name of a FreeSurfer segmentation, such as aseg.mgz, that lies in the folder
            of each NIfTI or MGH image: segmentation.csv compares its callosal labels with the mask.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some cases failed or were refused
        (a case without stacks counts as refused, whatever its status).
    """
    _check_parts(workers, part_id, num_parts)
    if segmentation is not None and Path(segmentation).name != segmentation:
        raise InputError(
            f"--segmentation {segmentation}: give the name of a file that lies beside each image, "
            "such as aseg.mgz, without a folder",
            code="wrong_usage",
        )
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine, Request
    from callosal.pipelines.batch.run import run_batch
    from callosal.pipelines.reading.file_patterns import FilePatterns
    from callosal.pipelines.review.first_visit_of_run import read_first_visit

    if protocol is not None:
        if like is not None:
            raise InputError(
                "--protocol and --like both set the stacks: choose one of them", "wrong_usage"
            )
        from callosal.pipelines.protocols.protocol_file import with_protocol

        settings = with_protocol(settings, protocol)
    if reslice and settings.aligned_voxel_mm is None:
        settings = replace(settings, aligned_voxel_mm=1.0)
    first = None if like is None else read_first_visit(like)
    if first is not None and first.name:
        print(f"repeats the stacks of {first.name}", file=sys.stderr)
    cluster = ray if engine == "ray" else None
    part = Part(part_id, num_parts)
    runs = Engine(model, device, threads, workers, cluster)
    request = Request(
        tuple(inputs),
        output,
        runs,
        part,
        overwrite,
        settings,
        mapping,
        best_of=best_of,
        fuse=fuse,
        patterns=FilePatterns(tuple(include), tuple(exclude)),
        names=names,
        segmentation=segmentation,
        first=first,
    )
    return run_batch(request)


def _check_parts(workers: int, part_id: int, num_parts: int) -> None:
    if workers < 1 or num_parts < 1 or not 0 <= part_id < num_parts:
        raise InputError(
            f"--workers {workers} --part-id {part_id} --num-parts {num_parts}: workers and parts "
            "start at 1, part ids run from 0 to num-parts - 1",
            code="wrong_usage",
        )
