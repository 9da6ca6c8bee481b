"""Does any broken NIfTI or MGH file crash, hang or mislead?

    python benchmarks/faults/fuzz_nifti.py --count 5000 --seed 1
    python benchmarks/faults/fuzz_nifti.py --count 1 --seed 1 --first 4711
    python benchmarks/faults/fuzz_nifti.py --count 500 --image HEAD.nii.gz --output FILE.json

A phantom, or the image given, is kept as a plain file, a packed one, a pair and an MGH file. Each
mutation breaks one of them, in its bytes or in those of its packing, and the whole way from file
to plan is taken in a child process. A failure is

- crash: the child died, or anything but a refusal with a reason code came out;
- hang: a case took longer than the limit;
- misled: an `ok` without note or reason whose centre lies more than 1 mm, or whose orientation
  more than 0.5 degree, from that of the sound file. An MGH file places its voxels once only, so
  nothing in it can contradict a header that was changed: there, crashes and hangs are looked for.

Seed and number tell a mutation. Exit code 1 where anything failed.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
from fuzz_dicom import Campaign
from fuzz_worker import Worker, plan_volumes
from nifti_mutations import MUTATIONS, Rng

from callosal.pipelines.phantom import phantom_head

KINDS = ("x.nii", "x.nii.gz", "x.hdr", "x.mgh")
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def sound_image(path: Path | None) -> nibabel.Nifti1Image:
    """The image that is broken: scanner coordinates in sform and qform, 16 bit."""
    if path is None:
        head = phantom_head(1, (72, 80, 80), (2.4, 2.8, 2.8)).volume
        voxels, affine = head.array, LPS_TO_RAS @ head.affine
    else:
        given = nibabel.load(path)
        voxels, affine = np.asanyarray(given.dataobj), given.affine
    scale = 4000 / float(voxels.max())
    image = nibabel.Nifti1Image((voxels * scale).astype(np.int16), affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    image.header.set_xyzt_units("mm")
    return image


def sound_files(image: nibabel.Nifti1Image, folder: Path) -> dict[str, dict[str, bytes]]:
    """Content of the files of each kind, by name."""
    found = {}
    for kind in KINDS:
        into = folder / kind.replace(".", "-")
        into.mkdir()
        if kind == "x.mgh":
            nibabel.MGHImage(image.dataobj, image.affine).to_filename(into / kind)
        elif kind == "x.hdr":
            nibabel.Nifti1Pair.from_image(image).to_filename(into / kind)
        else:
            image.to_filename(into / kind)
        found[kind] = {path.name: path.read_bytes() for path in into.iterdir()}
    return found


class BreakVolume:
    """Breaks one file of one kind.

    Args:
        files: As of `sound_files`.
    """

    def __init__(self, files: Mapping[str, Mapping[str, bytes]]) -> None:
        self._files = files

    def __call__(self, rng: Rng, folder: Path) -> tuple[str, str]:
        """Write a kind with one file broken; the names of kind and mutation."""
        kind = KINDS[int(rng.integers(0, len(KINDS)))]
        mutate = MUTATIONS[int(rng.integers(0, len(MUTATIONS)))]
        names = sorted(self._files[kind])
        hit = names[int(rng.integers(0, len(names)))]
        for name, content in self._files[kind].items():
            is_inside = name.endswith(".gz") and rng.random() < 0.7
            plain = gzip.decompress(content) if is_inside else content
            broken = mutate(rng, plain) if name == hit else plain
            (folder / name).write_bytes(gzip.compress(broken, 1) if is_inside else broken)
        return kind, mutate.__name__


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=5000, help="mutated files")
    parser.add_argument("--image", type=Path, help="a sound image in place of the phantom")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--limit-s", type=float, default=120.0, help="longest time of a case")
    parser.add_argument("--output", type=Path, help="file of the record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        files = sound_files(sound_image(options.image), scratch)
        worker = Worker(plan_volumes, options.limit_s)
        (clean,) = worker.run(scratch / "x-nii")[1]
        if clean["told"] != "ok":
            raise SystemExit(f"--image: {clean['told']} as it is; name one that is planned on")
        # An MGH file is compared with nothing, see above.
        plans = {kind: clean for kind in KINDS if kind != "x.mgh"}
        numbers = range(options.first, options.first + options.count)
        record = Campaign(numbers, options.seed, worker, BreakVolume(files), plans).run(scratch)
    text = json.dumps(record, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    raise SystemExit(1 if record["failures"] else 0)


if __name__ == "__main__":
    main()
