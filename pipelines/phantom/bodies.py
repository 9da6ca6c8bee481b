"""The bodies of the phantom head, painted from the skin inwards.

Sizes and places, in the head coordinates of `canvas`, follow adult heads aligned to the AC-PC
line.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from callosal.models.arrays import Image
from callosal.pipelines.phantom.anatomy import Anatomy
from callosal.pipelines.phantom.callosum import Tube
from callosal.pipelines.phantom.canvas import Canvas, Ellipsoid, smoothstep

# Centre lines u, v and radii in mm.
_BRAINSTEM = np.array(
    [[-17, -17, 6.5], [-23, -32, 10], [-25, -44, 11.5], [-31, -62, 7.5], [-42, -95, 5.5],
     [-47, -150, 5]], dtype=float,
)  # fmt: skip
_FORNIX = np.array([[-24, 3, 1.6], [-10, 6.5, 1.4], [4, 3, 1.3], [10, -6, 1.2], [9, -11, 0.8]])
_SEPTUM = np.array([[25, -1, 5], [10, 6, 7.5], [-8, 5, 7.5], [-22, 1, 4.5]], dtype=float)
# Lower border of the cerebrum (u, v): frontal base, diencephalon, tentorium.
_BRAIN_BASE = ([-100, -62, -35, -22, 12, 28, 80], [-44, -27, -11, -11, -17, -23, -15])
# Lower border of the cranial cavity: frontal base, sella, clivus, foramen magnum, occiput.
_CAVITY_BASE = ([-110, -66, -52, -36, -14, 2, 26, 85], [-50, -66, -72, -74, -46, -27, -27, -17])


@dataclass(frozen=True, eq=False)
class Textures:
    """Random fields of about unit variance on the grid: gyri, and patches of fat and muscle."""

    gyri: Image
    patches: Image


def paint_head(canvas: Canvas, anatomy: Anatomy, textures: Textures) -> None:
    """Paint all bodies, from the skin to the callosum.

    Args:
        canvas: Receives the intensities; white matter is about 1.
        anatomy: The head to paint.
        textures: Random fields on the same grid.
    """
    _paint_skull(canvas, anatomy, textures)
    _paint_cortex(canvas, anatomy, textures)
    _paint_cerebellum(canvas, anatomy)
    _paint_brainstem(canvas, anatomy)
    _paint_ventricles(canvas, anatomy)
    _paint_callosum(canvas, anatomy)


def _paint_skull(canvas: Canvas, anatomy: Anatomy, textures: Textures) -> None:
    """Face and neck, scalp, bone with marrow, and the fluid-filled cavity."""
    tissues = anatomy.tissues
    vault = canvas.distance_mm(Ellipsoid((-12, 4), (104, 73, 76)))
    face = canvas.distance_mm(Ellipsoid((46, -58), (46, 66, 62), tilt_deg=-12))
    neck = canvas.distance_mm(Ellipsoid((-45, -110), (52, 80, 58), tilt_deg=8))
    skin = np.minimum(np.minimum(vault, face), neck)
    fatty = smoothstep(textures.patches, 0.2, 1.4) * (0.7 * (tissues.fat - tissues.muscle))
    soft = tissues.muscle * (0.85 + 0.2 * textures.gyri) + fatty
    canvas.paint(skin, np.maximum(soft, tissues.bone))
    canvas.paint(np.maximum(skin + 1.2, -skin - anatomy.scalp_mm), tissues.fat)
    base = np.interp(canvas.u, *_CAVITY_BASE).astype(np.float32) - canvas.v - _temporal(canvas)
    bone = np.maximum(vault + anatomy.scalp_mm, base - 5)
    canvas.paint(bone, tissues.bone)
    canvas.paint(np.abs(bone + 3) - 1.2, tissues.marrow)
    canvas.paint(np.maximum(vault + anatomy.scalp_mm + 6, base), tissues.fluid)
    canvas.paint_ellipsoid(Ellipsoid((24, -39), (11, 8, 10)), tissues.air)
    canvas.paint_ellipsoid(Ellipsoid((60, -50), (19, 12, 14), tilt_deg=-25), tissues.air)
    canvas.paint_ellipsoid(Ellipsoid((10, -90), (4, 26, 8), tilt_deg=8), tissues.air)


def _paint_cortex(canvas: Canvas, anatomy: Anatomy, textures: Textures) -> None:
    """Hemispheres: folded grey matter with dark sulci over a core of white matter."""
    tissues = anatomy.tissues
    brain = canvas.distance_mm(Ellipsoid((-10, 8), (86, 56, 64)))
    base = np.interp(canvas.u, *_BRAIN_BASE).astype(np.float32) - canvas.v - _temporal(canvas)
    brain = np.maximum(brain, base)
    # Away from both the surface and the medial wall there are no folds.
    folds = 1 - smoothstep(np.minimum(-brain, np.abs(canvas.w) * 1.6), 10, 18)
    white = np.maximum(0.8 * smoothstep(np.abs(textures.gyri), 0.6, 1.6), 1 - folds)
    sulci = folds * np.exp(-((textures.gyri * (1 / 0.22)) ** 2))
    fissure = 0.15 * np.exp(-((canvas.w / 1.2) ** 2))
    value = tissues.grey + (tissues.white - tissues.grey) * white
    value += (0.75 * sulci + fissure) * (tissues.fluid - value)
    canvas.paint(brain, value)


def _temporal(canvas: Canvas) -> Image:
    """How far the temporal lobes reach below the midline's base, mm; 0 in the midline."""
    return 20 * smoothstep(np.abs(canvas.w), 12, 28)


def _paint_cerebellum(whole: Canvas, anatomy: Anatomy) -> None:
    """Folia: branches of white matter that fan out from the fourth ventricle."""
    tissues = anatomy.tissues
    u, v = -55 + anatomy.shift_mm[0], -45 + anatomy.shift_mm[1]
    canvas = whole.window((u - 26, v - 25), (u + 26, v + 25))
    body = canvas.distance_mm(Ellipsoid((u, v), (22, 21, 48)))
    du, dv = canvas.u - (u + 18), canvas.v - (v + 2)
    fan = np.arctan2(dv, -du) * 11
    radius = np.hypot(du, dv)
    branches = smoothstep(np.cos(fan + 0.5 * np.sin(radius / 3)), 0.35, 0.95)
    fissures = smoothstep(np.cos(fan * 2 + radius / 4 + np.pi), 0.5, 1) * smoothstep(radius, 12, 22)
    value = tissues.grey + (tissues.white - tissues.grey) * branches
    value += 0.6 * fissures * (tissues.fluid - value)
    canvas.paint(body, value)
    canvas.paint_ellipsoid(Ellipsoid((u + 17, v + 2), (4, 8, 6), tilt_deg=25), tissues.fluid)


def _paint_brainstem(canvas: Canvas, anatomy: Anatomy) -> None:
    """Midbrain, pons, medulla and cord: a tube that also has a width sideways."""
    standard = _standard_tubes()["brainstem"]
    stem = Tube(standard.points_mm + anatomy.shift_mm, standard.radii_mm)
    part = canvas.window(*stem.bounds_mm)
    flat = stem.signed_distance_mm(part.u, part.v)
    aside = np.hypot(np.maximum(flat + 9, 0), 0.8 * part.w) - 9
    part.paint(np.maximum(flat, aside), 0.92 * anatomy.tissues.white)


def _paint_ventricles(whole: Canvas, anatomy: Anatomy) -> None:
    """Septum and lateral ventricles under the arch, third ventricle, thalami, fornix."""
    tissues = anatomy.tissues
    stretch_u, stretch_v = anatomy.factors
    canvas = whole.window((-45, -25), (45, 25))
    septum = _standard_tubes()["septum"].scaled(anatomy.factors, stretch_v)
    flat = septum.signed_distance_mm(canvas.u, canvas.v)
    inside = tissues.fluid + (tissues.septum - tissues.fluid) * np.exp(-((canvas.w / 1.5) ** 2))
    canvas.paint(flat + 0.05 * canvas.w * canvas.w, inside)
    third = Ellipsoid((-9 * stretch_u, -6 * stretch_v), (21 * stretch_u, 9 * stretch_v, 4))
    canvas.paint_ellipsoid(third, tissues.fluid)
    middle = 0.5 * (tissues.grey + tissues.white)
    thalamus = (-10 * stretch_u, -5.5 * stretch_v)
    canvas.paint_ellipsoid(Ellipsoid(thalamus, (9, 6.5 * stretch_v, 5)), middle)
    beside = Ellipsoid(thalamus, (14, 9 * stretch_v, 9), lateral_mm=12)
    canvas.paint_ellipsoid(beside, middle)
    fornix = _standard_tubes()["fornix"].scaled(anatomy.factors, 1.0)
    flat = fornix.signed_distance_mm(canvas.u, canvas.v)
    canvas.paint(np.maximum(flat, np.abs(canvas.w) - 3), tissues.white)


def _paint_callosum(whole: Canvas, anatomy: Anatomy) -> None:
    """Cingulate gyrus, callosal sulcus and the callosum."""
    tissues = anatomy.tissues
    canvas = whole.window((-62, -30), (62, 40))
    distance = anatomy.callosum.signed_distance_mm(canvas.u, canvas.v)
    arch_line = anatomy.factors[1] * (9 - 0.018 * canvas.u * canvas.u)
    above = smoothstep(canvas.v - arch_line, -3, 3) * np.exp(-((canvas.w / 9) ** 2))
    canvas.blend(0.7 * above * canvas.coverage(distance - 8.5), tissues.grey)
    from_sulcus: Image = np.abs(distance - 10)  # the cingulate sulcus runs 10 mm above
    canvas.blend(0.5 * above * canvas.coverage(from_sulcus - 0.6), tissues.fluid)
    canvas.blend(0.7 * above * canvas.coverage(distance - 1.2), tissues.fluid)
    fading = 1 - smoothstep(np.abs(canvas.w), 10, 18)
    canvas.blend(fading * canvas.coverage(distance), tissues.callosum)


@cache
def _standard_tubes() -> dict[str, Tube]:
    """The tubes that all heads share, before they are stretched and shifted."""
    return {
        "brainstem": Tube.through(_BRAINSTEM, 14),
        "fornix": Tube.through(_FORNIX, 12),
        "septum": Tube.through(_SEPTUM, 8),
    }
