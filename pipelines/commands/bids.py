"""`callosal bids`: a BIDS dataset to derivatives, and to a table and page of the whole group."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT
from callosal.models.errors import InputError
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.group.settings import GroupSettings
from callosal.pipelines.settings import Settings


def bids(
    bids_dir: Path,
    output_dir: Path,
    analysis_level: Literal["participant", "longitudinal", "group"],
    participant_label: list[str] = [],  # noqa: B006 (never changed)
    session_label: list[str] = [],  # noqa: B006
    bids_filter_file: Path | None = None,
    skip_bids_validation: bool = False,
    model: str = DEFAULT,
    device: Device = "auto",
    workers: int = 2,
    threads: int | None = None,
    part_id: int = 0,
    num_parts: int = 1,
    overwrite: bool = False,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
    group: GroupSettings = GroupSettings(),  # noqa: B008 (frozen)
    engine: Literal["local", "ray"] = "local",
    ray: RayOptions = RayOptions(),  # noqa: B008 (frozen)
) -> int:
    """Measure the corpus callosum of a BIDS dataset: BIDS_DIR OUTPUT_DIR participant, then group.

    `participant` writes derivatives for each T1w image: masks, parts, measures, thickness
    profile, plan and pictures. `longitudinal` then measures all sessions of a participant in one
    plane and writes what changed. Finished work is kept when the command is run again. `group`
    gathers the results in group.tsv and group.html.

    Args:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives; created if it is missing.
        analysis_level: participant, then longitudinal for participants with several sessions, then
            group.
        participant_label: Participants, with or without sub-; all by default.
        session_label: Sessions, with or without ses-; all by default.
        bids_filter_file: JSON file of entities that images must have, as in
            {"t1w": {"acquisition": "mprage"}}.
        skip_bids_validation: Do not run the BIDS validator, even if it is installed.
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto uses a GPU if one works; any other is used or refused.
        workers: Threads that read ahead.
        threads: Threads of the network; by default the cores this process may use.
        part_id: Which part of the participants, from 0, if several machines share the work.
        num_parts: Number of parts.
        overwrite: Measure finished images again.
        settings: How the pose and the plan are made; parcels are Witelson's unless set here.
        group: Columns of participants.tsv for the group level.
        engine: For the participant level: local works in this process; ray spreads the
            participants over a Ray cluster, whose machines all see BIDS_DIR and OUTPUT_DIR at the
            same paths and write into OUTPUT_DIR (extra `ray`).
        ray: Workers on the cluster, with `--engine ray`.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some images failed or were refused.
    """
    if num_parts < 1 or not 0 <= part_id < num_parts:
        raise InputError(
            f"--part-id {part_id} --num-parts {num_parts}: parts start at 1, part ids run from 0 "
            "to num-parts - 1",
            "wrong_usage",
        )
    if engine == "ray" and analysis_level != "participant":
        raise InputError(
            f"--engine ray: the {analysis_level} level works in this process; leave the option out",
            "wrong_usage",
        )
    if analysis_level == "group":
        if participant_label or session_label or bids_filter_file is not None:
            raise InputError(
                "the group level takes every result in OUT: leave out --participant-label, "
                "--session-label and --bids-filter-file",
                "wrong_usage",
            )
        from callosal.pipelines.group.run import run_group

        return run_group(bids_dir, output_dir, group)
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine
    from callosal.pipelines.bids.dataset import Selection
    from callosal.pipelines.bids.participant import BidsRequest, run_participants

    selection = Selection(tuple(participant_label), tuple(session_label), bids_filter_file)
    cluster = ray if engine == "ray" else None
    runs, part = Engine(model, device, threads, workers, cluster), Part(part_id, num_parts)
    if analysis_level == "longitudinal":
        from callosal.pipelines.longitudinal.run import LongitudinalRequest, run_longitudinal

        return run_longitudinal(
            LongitudinalRequest(bids_dir, output_dir, selection, runs, part, overwrite)
        )
    return run_participants(
        BidsRequest(
            # Workers on a cluster have another working directory.
            bids_dir=bids_dir if cluster is None else bids_dir.absolute(),
            output_dir=output_dir if cluster is None else output_dir.absolute(),
            selection=selection,
            engine=runs,
            part=part,
            overwrite=overwrite,
            is_validated=not skip_bids_validation,
            settings=replace(settings, parcels=settings.parcels or "witelson", dicom_objects=()),
        )
    )
