"""callosal: the corpus callosum on head MRI, and the scan plan that follows from it.

    import callosal

    planner = callosal.Planner()
    plan = planner.plan("head.nii.gz")
    plan.status, plan.reasons
    if plan.final and plan.planes:  # both are None if the head is refused
        plan.final.angle_deg, plan.planes.transverse.prescription
    callosum = planner.segment(pixels, spacing_mm=(1.0, 1.0))
    callosum.mask, callosum.measure().area_mm2
    joined = callosal.stitch([upper, lower])  # overlapping stations of a spine, highdicom volumes
    joined.volume, joined.confidence, joined.reasons

Nothing is loaded before it is used, and none of these names needs torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from callosal.models.errors import CallosalError, InputError
    from callosal.pipelines.callosum.segmentation import Callosum
    from callosal.pipelines.morphometry.mask_measures import measure_callosum as measure
    from callosal.pipelines.planner import Planner
    from callosal.pipelines.planning.plan_file import Plan
    from callosal.pipelines.report.run_folder import read_run
    from callosal.pipelines.settings import Settings
    from callosal.pipelines.stitching.stitch import stitch

    __version__: str

__all__ = [
    "CallosalError",
    "Callosum",
    "InputError",
    "Plan",
    "Planner",
    "Settings",
    "__version__",
    "measure",
    "read_run",
    "stitch",
]

_HOMES: Final = {
    "CallosalError": ("callosal.models.errors", "CallosalError"),
    "Callosum": ("callosal.pipelines.callosum.segmentation", "Callosum"),
    "InputError": ("callosal.models.errors", "InputError"),
    "Plan": ("callosal.pipelines.planning.plan_file", "Plan"),
    "Planner": ("callosal.pipelines.planner", "Planner"),
    "Settings": ("callosal.pipelines.settings", "Settings"),
    "measure": ("callosal.pipelines.morphometry.mask_measures", "measure_callosum"),
    "read_run": ("callosal.pipelines.report.run_folder", "read_run"),
    "stitch": ("callosal.pipelines.stitching.stitch", "stitch"),
}


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("callosal")
    elif name in _HOMES:
        module, attribute = _HOMES[name]
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
