"""Console-style text of a slice orientation, such as `T > C -5.8 > S 1.2`, and back.

The convention is the one consoles display (checked against (text, slice normal) pairs that
scanners reported: transverse and sagittal ones):

- The unit normal n of the slices is taken in DICOM patient axes (L, P, H) and with its largest
  part positive. The three basic planes are S (normal along L), C (along P) and T (along H).
- The plane whose axis holds the largest part of n comes first, the other two follow by size;
  equal parts rank T, C, S.
- First angle: -atan2(n_second, n_first), the tilt of the first plane toward the second.
- Second angle: -asin(n_third), the tilt of that oblique plane toward the third.
- Tilts have one decimal; terms that round to 0.0 are left out, so a basic plane is `T`.
- ` rot 3.40` follows when the image is turned in its plane. Without it the phase axis lies where
  n meets the basic planes: n x L for T (toward P), H x n for S (toward P), n x H for C (toward
  L). Positive turns it, with fingers curled, about -n. The phase axis is the image's column
  direction in T, and its row direction in S and C.

Images are meant as DICOM viewers show them: T from the feet with L on the right, C from the
front with L on the right, S from the left with P on the right. The other side of a plane has an
equal text. Patient position (HFS, FFP, ...) does not matter, because patient axes turn with the
patient.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from callosal.models.errors import GeometryError

Array = NDArray[np.float64]

_LETTERS = "SCT"  # basic planes in the order of their normals' axes L, P, H
_TERM = re.compile(r"^\s*(S|C|T|Sag|Cor|Tra)\s*(?:\(?\s*([+-]?\d+(?:\.\d*)?)\s*\)?)?\s*$")
_TEXT = re.compile(r"^(?P<planes>.*?)(?:\s+rot\s+(?P<rot>[+-]?\d+(?:\.\d*)?))?\s*$")


@dataclass(frozen=True)
class Prescription:
    """Orientation of a stack as a console shows it; angles in degrees.

    Attributes:
        planes: Letters of the three basic planes, nearest first, such as "TCS".
        first_deg: Tilt toward the second plane, -45 to 45.
        second_deg: Tilt toward the third plane, -35.3 to 35.3.
        in_plane_deg: Turn of the image in its plane, (-180, 180].
    """

    planes: str
    first_deg: float
    second_deg: float
    in_plane_deg: float

    @classmethod
    def of(cls, image_orientation_patient: ArrayLike) -> "Prescription":
        """From ImageOrientationPatient: row direction, then column direction, shape (6,).

        Raises:
            GeometryError: The six numbers are not two perpendicular unit vectors.
        """
        row, column = _directions(image_orientation_patient)
        normal = np.cross(row, column)
        # Rounded, so that the last bits do not break a tie.
        order = sorted(range(3), key=lambda axis: (-round(abs(float(normal[axis])), 9), -axis))
        normal = normal * (1.0 if normal[order[0]] > 0 else -1.0)
        planes = "".join(_LETTERS[axis] for axis in order)
        phase, across = _reference_axes(planes[0], normal)
        turned = column if planes[0] == "T" else row
        return cls(
            planes,
            math.degrees(-math.atan2(normal[order[1]], normal[order[0]])),
            math.degrees(-math.asin(min(1.0, max(-1.0, normal[order[2]])))),
            math.degrees(math.atan2(-float(turned @ across), float(turned @ phase))),
        )

    @classmethod
    def parse(cls, text: str) -> "Prescription":
        """From the text; `Tra>Cor(-5.8)>Sag(1.2)` as stored in DICOM headers is read too.

        Raises:
            GeometryError: The text is not a prescription.
        """
        whole = _TEXT.match(text)
        terms = [_TERM.match(term) for term in (whole["planes"] if whole else "").split(">")]
        found = [(term[1][0], term[2]) for term in terms if term is not None]
        letters = "".join(letter for letter, _ in found)
        angles = [angle for _, angle in found]
        if (
            whole is None
            or None in terms
            or len(set(letters)) != len(letters)
            or angles[0] is not None
            or None in angles[1:]
        ):
            raise GeometryError(
                f"prescription: {text!r} is not of the form 'T > C -5.8 > S 1.2 rot 3.0'",
                "bad_prescription",
            )
        rest = "".join(letter for letter in "TCS" if letter not in letters)
        first, second = ([float(angle or 0) for angle in angles[1:]] + [0.0, 0.0])[:2]
        return cls(letters + rest, first, second, float(whole["rot"] or 0))

    @property
    def normal(self) -> Array:
        """Unit normal in LPS with its largest part positive, shape (3,)."""
        first, second = math.radians(self.first_deg), math.radians(self.second_deg)
        parts = (
            math.cos(first) * math.cos(second),
            -math.sin(first) * math.cos(second),
            -math.sin(second),
        )
        normal = np.zeros(3)
        for letter, part in zip(self.planes, parts, strict=True):
            normal[_LETTERS.index(letter)] = part
        return normal

    @property
    def image_orientation_patient(self) -> Array:
        """Row and column direction of the image as viewers show it, shape (6,)."""
        normal = self.normal
        phase, across = _reference_axes(self.planes[0], normal)
        turn = math.radians(self.in_plane_deg)
        turned = math.cos(turn) * phase - math.sin(turn) * across
        if self.planes[0] == "T":
            return np.concatenate([np.cross(turned, normal), turned])
        # A sagittal image is seen from the left, against its normal, which points left.
        viewed = -normal if self.planes[0] == "S" else normal
        return np.concatenate([turned, np.cross(viewed, turned)])

    def __str__(self) -> str:
        """The text: tilts to 0.1 degree, the turn in the plane to 0.01 (so all stays within 0.1).

        >>> str(Prescription("TCS", -5.84, 1.2, 0.0))
        'T > C -5.8 > S 1.2'
        >>> str(Prescription("STC", 0.0, 0.0, -14.9))
        'S rot -14.90'
        """
        text = self.planes[0]
        first, second = round(self.first_deg, 1), round(self.second_deg, 1)
        turn = round(self.in_plane_deg, 2)
        if first or second:
            text += f" > {self.planes[1]} {first + 0.0:.1f}"
        if second:
            text += f" > {self.planes[2]} {second:.1f}"
        return text + (f" rot {turn:.2f}" if turn else "")


def _directions(image_orientation_patient: ArrayLike) -> tuple[Array, Array]:
    values = np.asarray(image_orientation_patient, dtype=float)
    if values.shape == (6,) and np.isfinite(values).all():
        row, column = values[:3], values[3:]
        gram = np.array([row @ row, column @ column, row @ column])
        if np.abs(gram - [1, 1, 0]).max() < 1e-3:
            return row, column
    raise GeometryError(
        f"prescription: {values.tolist()} is not two perpendicular unit vectors; "
        "give ImageOrientationPatient",
        "bad_orientation",
    )


def _reference_axes(plane: str, normal: Array) -> tuple[Array, Array]:
    """Phase axis of the image that is not turned, and n x phase; unit vectors, (3,) each."""
    left, head = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    phase = {
        "T": np.cross(normal, left),
        "S": np.cross(head, normal),
        "C": np.cross(normal, head),
    }[plane]
    phase = phase / np.linalg.norm(phase)
    return phase, np.cross(normal, phase)
