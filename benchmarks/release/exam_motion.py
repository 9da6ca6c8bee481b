"""How a patient moved between two series of one exam: rigid, by mutual information.

    python benchmarks/release/exam_motion.py HEADS --output FOLDER [--exams old01 old02 ...]

HEADS holds EXAM_T1w.nii.gz and EXAM_FLAIR.nii.gz, or another series named with --series. Each exam
gets FOLDER/EXAM_T1w-to-FLAIR.txt, an affine transform in ITK's text format, from points of the
FLAIR to points of the T1 (LPS mm): what `callosal slabs` and `benchmarks/accuracy/contrasts.py`
read. Needs SimpleITK (extra `bench`).

Look at the result before you use it: for each exam, the command prints how far the patient turned
and moved, and the mutual information before and after.
"""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from callosal.pipelines.console.usage import run_script

SimpleITK: Any = import_module("SimpleITK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--series", default="FLAIR", help="suffix of the series beside the T1")
    parser.add_argument("--exams", nargs="*", help="only these; all that have both series without")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    print("| exam | turned | moved | mutual information, before and after |")
    print("|---|---|---|---|")
    for path in sorted(arguments.heads.glob(f"*_{arguments.series}.nii.gz")):
        exam = path.name.removesuffix(f"_{arguments.series}.nii.gz")
        reference = arguments.heads / f"{exam}_T1w.nii.gz"
        if not reference.exists() or (arguments.exams and exam not in arguments.exams):
            continue
        fixed, t1 = (SimpleITK.ReadImage(str(one), SimpleITK.sitkFloat32)
                     for one in (path, reference))  # fmt: skip
        motion, before, after = rigid_motion(fixed, t1)
        as_affine = SimpleITK.AffineTransform(3)
        as_affine.SetMatrix(motion.GetMatrix())
        as_affine.SetCenter(motion.GetCenter())
        as_affine.SetTranslation(motion.GetTranslation())
        name = f"{exam}_T1w-to-{arguments.series}.txt"
        SimpleITK.WriteTransform(as_affine, str(arguments.output / name))
        turned_deg = np.degrees(np.linalg.norm(motion.GetParameters()[:3]))
        moved_mm = np.linalg.norm(motion.GetTranslation())
        print(f"| {exam} | {turned_deg:.1f} degrees | {moved_mm:.1f} mm "
              f"| {before:.3f}, {after:.3f} |", flush=True)  # fmt: skip


def rigid_motion(fixed: Any, moving: Any) -> tuple[Any, float, float]:
    """The rigid motion from points of one series to those of another.

    Args:
        fixed: SimpleITK image.
        moving: SimpleITK image of the same head in about the same place.

    Returns:
        Transform about the middle of the fixed image, and the mutual information before and after.
    """
    motion = SimpleITK.Euler3DTransform()
    middle = [(side - 1) / 2 for side in fixed.GetSize()]
    motion.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint(middle))
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(48)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.25)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetInitialTransform(motion, inPlace=True)
    before = -method.MetricEvaluate(fixed, moving)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=0.005, numberOfIterations=200, relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-6,
    )  # fmt: skip
    # A turn of one radian moves the edge of a head by some 70 mm.
    method.SetOptimizerScales([5000.0, 5000.0, 5000.0, 1.0, 1.0, 1.0])
    method.SetShrinkFactorsPerLevel([3, 2, 1])
    method.SetSmoothingSigmasPerLevel([4.0, 2.0, 1.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.Execute(fixed, moving)
    return motion, before, -method.GetMetricValue()


if __name__ == "__main__":
    run_script(main)
