"""Names of the derivatives of an image, by the rules of BIDS derivatives."""

from dataclasses import dataclass

from callosal.pipelines.bids.dataset import BidsImage

MORPHOMETRY = "morph.tsv"
THICKNESS = "thickness.tsv"
PLAN = "plan.json"


@dataclass(frozen=True)
class DerivativeNames:
    """Where the derivatives of one image lie, relative to the folder of the results.

    Attributes:
        image: The image.
        scheme: Scheme of its parcels, such as hofer_frahm.
    """

    image: BidsImage
    scheme: str

    @property
    def mask(self) -> str:
        """Mask on the voxels of the image."""
        return self._beside(f"desc-{self._desc}_mask.nii.gz")

    @property
    def slice_mask(self) -> str:
        """Mask on the midsagittal slice."""
        return self._beside(f"space-midsagittal_desc-{self._desc}_mask.nii.gz")

    @property
    def parcels(self) -> str:
        """Labels of the parts on the voxels of the image."""
        return self._beside(f"seg-{self.scheme.replace('_', '')}_desc-{self._desc}_dseg.nii.gz")

    @property
    def morphometry(self) -> str:
        """Every measure, in one row."""
        return self._beside(f"desc-{self._desc}_{MORPHOMETRY}")

    @property
    def thickness(self) -> str:
        """The thickness profile, one row a place."""
        return self._beside(f"desc-{self._desc}_{THICKNESS}")

    @property
    def plan(self) -> str:
        """The scan plan."""
        return self._beside(f"desc-{self._desc}_{PLAN}")

    @property
    def overlay(self) -> str:
        """Picture of outline and plan."""
        return self._figure("overlay")

    @property
    def parcels_picture(self) -> str:
        """Picture of the parts and of the thickness profile."""
        return self._figure("parcels")

    def all(self) -> frozenset[str]:
        """Every name, sidecars included."""
        return frozenset(
            {
                *(self.mask, sidecar(self.mask), self.slice_mask, sidecar(self.slice_mask)),
                *(self.parcels, sidecar(self.parcels), lookup_table(self.parcels)),
                *(self.morphometry, self.thickness, self.plan),
                *(self.overlay, self.parcels_picture),
            }
        )

    @property
    def _desc(self) -> str:
        return description(self.image.suffix)

    @property
    def _prefix(self) -> str:
        return self.image.stem.removesuffix(f"_{self.image.suffix}")

    def _beside(self, ending: str) -> str:
        folder = self.image.name.rpartition("/")[0]
        return f"{folder}/{self._prefix}_{ending}"

    def _figure(self, what: str) -> str:
        return f"{self.image.participant}/figures/{self._prefix}_desc-{self._desc}_{what}.png"


def description(suffix: str) -> str:
    """Value of `desc`: images of a session that differ in suffix alone would share their names.

    >>> description("T1w"), description("FLAIR")
    ('callosum', 'callosumFLAIR')
    """
    return "callosum" if suffix == "T1w" else f"callosum{suffix}"


def sidecar(name: str) -> str:
    """Name of the JSON file that describes an image.

    >>> sidecar("sub-01/anat/sub-01_desc-callosum_mask.nii.gz")
    'sub-01/anat/sub-01_desc-callosum_mask.json'
    """
    return name.removesuffix(".nii.gz") + ".json"


def lookup_table(name: str) -> str:
    """Name of the table that names the labels of an image."""
    return name.removesuffix(".nii.gz") + ".tsv"
