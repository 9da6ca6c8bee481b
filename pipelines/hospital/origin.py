"""What an object was made of and by: the root of its UIDs, names, numbers and dates."""

import hashlib
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID

from callosal.models.errors import InputError
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.report_source import ReportSource
from callosal.pipelines.planning.plan_file import Plan

DISCLAIMER = "research, not for diagnosis"
_FIRST_SERIES_NUMBER = 9000
_LAST_SOURCE_NUMBER = 10**6


@dataclass(frozen=True)
class Origin:
    """Source, model, settings and software of an object.

    Attributes:
        source: Hash over study, series, images and frames.
        series: Study and series UID of the source.
        source_number: Series number of the source, 0 where it has none.
        model: Name of the model.
        model_sha256: Hash of the model file.
        config_sha256: Hash of the settings.
        software: Version of callosal.
        moment: Date and time that the object bears.
    """

    source: str
    series: tuple[str, str]
    source_number: int
    model: str
    model_sha256: str
    config_sha256: str
    software: str
    moment: tuple[str, str]

    @classmethod
    def of(cls, source: ReportSource, plan: Plan) -> "Origin":
        """The origin of a plan's objects.

        Raises:
            InputError: The plan does not say what made it (`no_provenance`).
        """
        if plan.model is None or plan.software is None or plan.config_sha256 is None:
            raise InputError("plan: names no model, settings or version", "no_provenance")
        facts = source.facts
        images = "\n".join([facts.study_uid, facts.series_uid, *sorted(facts.frames)])
        number = facts.series_number
        return cls(
            source=hashlib.sha256(images.encode()).hexdigest(),
            series=(facts.study_uid, facts.series_uid),
            source_number=number if 0 <= number <= _LAST_SOURCE_NUMBER else 0,
            model=str(plan.model["name"])[:64],
            model_sha256=plan.model["sha256"],
            config_sha256=plan.config_sha256,
            software=plan.software["callosal"],
            moment=facts.moment,
        )

    def uid(self, kind: str, content: str = "") -> UID:
        """UID of an object or a part of one: the same for the same origin, kind and content."""
        return derived_uid(
            kind, self.source, self.model_sha256, self.config_sha256, self.software, content
        )

    def tracking_uid(self, name: str) -> UID:
        """UID under which the same thing is found in every object of the series."""
        return derived_uid("tracking", *self.series, name)

    def series_number(self, kind: int) -> int:
        """Number of a derived series: 9000 on, ten for each source series.

        Args:
            kind: 1 to 9; one number for each kind of object.
        """
        return _FIRST_SERIES_NUMBER + 10 * self.source_number + kind


def settle(object_: Dataset, origin: Origin) -> Dataset:
    """Replace what the library takes from clock and chance, so that a re-run is byte-equal.

    Args:
        object_: A SEG, SR or secondary capture of highdicom; changed in place.
        origin: What it was made of.

    Returns:
        The same object.
    """
    object_.ContentDate, object_.ContentTime = origin.moment
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        object_.pop(keyword, None)
    for equipment in object_.get("ContributingEquipmentSequence", []):
        equipment.pop("ContributionDateTime", None)
    dimensions = origin.uid("dimensions")
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in object_.get(keyword, []):
            item.DimensionOrganizationUID = dimensions
    return object_
