"""The training folder of reviewed cases: written so that `fit` reads it as it is."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from callosal.models.errors import CallosalError, DataError, InputError
from callosal.pipelines.collection.case_pairs import CollectedPair, case_pairs
from callosal.pipelines.collection.labelled_cases import (
    EXPECTED,
    LEFT_OUT,
    LabelledCase,
    find_labelled,
)
from callosal.pipelines.collection.subjects import (
    SubjectTable,
    participants,
    subject_keys,
)
from callosal.pipelines.datasets.pair_files import write_pair, write_table
from callosal.pipelines.datasets.participants import PARTICIPANTS, Participant, check_subjects
from callosal.pipelines.outputs.atomic import make_folder
from callosal.pipelines.outputs.exit_code import ALL_DONE, SOME_DONE

PATIENT = "a slice of a patient"


def collect_cases(
    runs: Sequence[Path],
    output: Path,
    table: SubjectTable,
    one_each: bool,
    site: str,
    val_share: float,
    tell: Callable[[str], None],
) -> int:
    """Write the reviewed cases of some runs as pairs, participants.tsv and manifest.json.

    Args:
        runs: Folders that `callosal infer --output` wrote.
        output: Folder to write into; it must not hold a data set.
        table: Who the cases show, where it is known from a table.
        one_each: Whether cases of unknown persons show another person each.
        site: Site of cases that the table gives none.
        val_share: Share of persons for validation.
        tell: Takes lines for the console.

    Returns:
        Exit code: 0, or 2 if a case that was accepted or corrected had to be left out.

    Raises:
        InputError: A folder is no run, or no case can be collected (`nothing_to_collect`).
        DataError: The output holds a data set (`output_in_use`), or as of `subject_keys` and
            `participants`.
        OutputError: The disk is full or read-only.
    """
    if (output / PARTICIPANTS).exists():
        raise DataError(
            f"--output {output.name}: holds a data set already; name another folder",
            "output_in_use",
        )
    different = dict.fromkeys(run.resolve() for run in runs)
    judged = [case for run in different for case in find_labelled(run)]
    found = [case for case in judged if isinstance(case, LabelledCase)]
    left = Counter(case.code for case in judged if not isinstance(case, LabelledCase))
    if not found:
        _tell_left(left, tell)
        raise InputError(
            "no case was accepted, or corrected in its mask; run `callosal review` first",
            "nothing_to_collect",
        )
    people = participants(subject_keys(found, table, one_each), table, site, val_share)
    check_subjects(list(people.values()), "--subjects")
    written, faults = _write_pairs(people, output)
    left += faults
    _check_splits(written)
    write_table(output, [pair.participant for pair in written], _manifest(written, left))
    _tell_written(written, output, tell)
    _tell_left(left, tell)
    return SOME_DONE if set(left) - EXPECTED else ALL_DONE


def _write_pairs(
    people: Mapping[LabelledCase, Participant], output: Path
) -> tuple[list[CollectedPair], Counter[str]]:
    """One case at a time; a picture that was there is left out, whatever it is called."""
    make_folder(output)
    written: list[CollectedPair] = []
    pictures: set[bytes] = set()
    left: Counter[str] = Counter()
    for case, person in people.items():
        try:
            pairs = list(case_pairs(case, person))
        except CallosalError:
            left["bad_review"] += 1
            continue
        for pair in pairs:
            digest = hashlib.sha256(pair.pixels.tobytes()).digest()
            if digest in pictures:
                left["same_picture"] += pair.offset_mm == 0
                continue
            pictures.add(digest)
            name = pair.participant.name
            write_pair(output, name, pair.pixels, pair.mask, pair.spacing_mm, PATIENT)
            written.append(pair)
    return written, left


def _check_splits(written: Sequence[CollectedPair]) -> None:
    if not {"train", "val"} <= {pair.participant.split for pair in written}:
        raise DataError(
            "once unreadable cases and equal pictures are left out, nobody is left for training "
            "or for validation; review more cases",
            "one_subject",
        )


def _manifest(written: Sequence[CollectedPair], left: Mapping[str, int]) -> dict[str, object]:
    """What the folder was made of; case ids are salted hashes or names that the input had."""
    return {
        "schema": "callosal/collection/1",
        "software": {"callosal": version("callosal")},
        "cases": [
            {
                "participant_id": pair.participant.name,
                "case_id": pair.case.name,
                "decision": pair.case.decision,
                "revision": pair.case.revision,
                "mask": pair.label,
                "offset_mm": pair.offset_mm,
            }
            for pair in written
        ],
        "left_out": dict(left),
    }


def _tell_written(
    written: Sequence[CollectedPair], output: Path, tell: Callable[[str], None]
) -> None:
    for split in sorted({pair.participant.split for pair in written}):
        some = [pair for pair in written if pair.participant.split == split]
        persons = len({pair.participant.subject for pair in some})
        cases = len({pair.case for pair in some})
        middle = [pair for pair in some if pair.offset_mm == 0]
        drawn = sum(pair.label == "drawn" for pair in middle)
        beside = len(some) - len(middle)
        tell(
            f"{split}: {cases} cases of {persons} persons, {drawn} with a corrected mask, "
            f"{len(middle) - drawn} accepted"
            + (f"; {beside} slices beside the midsagittal one" if beside else "")
        )
    tell(f"written: {output}; it holds pictures of patients: protect it as you protect the run")
    tell(
        f"next: callosal fit --config configs/attention_unet.yaml --data.root {output} "
        "--model.lr 5e-4 --trainer.max_steps 1000 "
        "--trainer.callbacks+=ExportedWeights --trainer.callbacks.model=attention_unet"
    )


def _tell_left(left: Mapping[str, int], tell: Callable[[str], None]) -> None:
    for code, count in sorted(left.items()):
        tell(f"left out: {count} cases, {code}: {LEFT_OUT[code]}")
