"""What the page of a group shows, as plain data for its script."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from callosal.pipelines.group.age_curves import CENTILES, FEWEST_OF_CENTILES, AgeCurve, age_curve
from callosal.pipelines.group.differences import FEWEST, Comparison, compare
from callosal.pipelines.group.people import Person, by_trait, people_of, profiles_of
from callosal.pipelines.group.settings import GroupSettings
from callosal.pipelines.group.table import (
    GroupTable,
    Row,
    case_folder,
    choose_column,
    is_sure,
    profile_mm,
)
from callosal.pipelines.outputs.file_names import REPORT, THUMBNAIL
from callosal.pipelines.outputs.measures_table import THICKNESS_COLUMNS
from callosal.pipelines.report.outliers import FEWEST as FEWEST_OF_OUTLIERS
from callosal.pipelines.report.outliers import far_from_median

MOST_GROUPS = 6
"""With more values a column names no groups; participants are then shown as one."""

EVERYBODY = "all"


def group_comparisons(table: GroupTable, settings: GroupSettings) -> list[Comparison]:
    """Each pair of groups compared; none without a column of groups.

    Args:
        table: All images.
        settings: Which column holds the groups.
    """
    groups = _groups(people_of(table), choose_column(table, (settings.group_column,)))
    measures = table.measures
    return [
        compare((one, other), (groups[one], groups[other]), measures)
        for one, other in combinations(groups, 2)
    ]


def page_data(
    table: GroupTable,
    comparisons: Sequence[Comparison],
    settings: GroupSettings,
    output_dir: Path,
    found: Sequence[str],
) -> dict[str, Any]:
    """Everything the page shows.

    Args:
        table: All images.
        comparisons: Of `group_comparisons`.
        settings: Which columns hold group, age and sex.
        output_dir: Folder of the derivatives.
        found: Of `checks`.
    """
    people = people_of(table)
    group, age, sex = (
        choose_column(table, (name,))
        for name in (settings.group_column, settings.age_column, settings.sex_column)
    )
    groups = _groups(people, group)
    marks = _outliers(table)
    return {
        "rows": [
            _row(row, [name for name in table.measures if marks[name][index]], group, output_dir)
            for index, row in enumerate(table.rows)
        ],
        "columns": list(table.columns),
        "measures": list(table.measures),
        "groups": list(groups),
        "group_sizes": {name: len(found) for name, found in by_trait(people, group).items()},
        "columns_of": {"group": group, "age": age, "sex": sex},
        "asked_columns": {
            "group": settings.group_column,
            "age": settings.age_column,
            "sex": settings.sex_column,
        },
        "profiles": {name: _profile(members) for name, members in groups.items()},
        "comparisons": [_comparison(one) for one in comparisons],
        "curves": {name: _curves(people, name, age, sex) for name in table.measures},
        "without_results": list(table.without_results),
        "checks": list(found),
        "limits": {
            "group": FEWEST,
            "centiles": FEWEST_OF_CENTILES,
            "outliers": FEWEST_OF_OUTLIERS,
        },
        "centiles": list(CENTILES),
    }


def pictures(table: GroupTable, output_dir: Path) -> dict[str, str]:
    """The small picture of each image that has one, base64 of WebP, by the name of the image."""
    files = {str(row["image"]): case_folder(output_dir, row) / THUMBNAIL for row in table.rows}
    return {
        name: base64.b64encode(path.read_bytes()).decode("ascii")
        for name, path in files.items()
        if path.is_file()
    }


def _groups(people: Sequence[Person], column: str | None) -> dict[str, tuple[Person, ...]]:
    groups = by_trait(people, column)
    return groups if 1 <= len(groups) <= MOST_GROUPS else {EVERYBODY: tuple(people)}


def _outliers(table: GroupTable) -> dict[str, list[bool]]:
    """Which images are far from the median of those that were measured with confidence."""
    return {
        name: far_from_median([_number(row.get(name)) if is_sure(row) else None
                               for row in table.rows])
        for name in table.measures
    }  # fmt: skip


def _row(row: Row, outliers: list[str], group: str | None, output_dir: Path) -> dict[str, Any]:
    folder = case_folder(output_dir, row).relative_to(output_dir)
    of_group = Person(str(row["participant_id"]), (row,)).trait(group)
    values = {name: value for name, value in row.items() if name not in THICKNESS_COLUMNS}
    return {
        **values,
        "is_sure": is_sure(row),
        "outliers": outliers,
        "of_group": of_group,
        "profile_mm": profile_mm(row) or [],
        "report": (folder.parents[1] / REPORT).as_posix(),
    }


def _profile(people: Sequence[Person]) -> dict[str, Any] | None:
    profiles = profiles_of(people)
    if not len(profiles):
        return None
    spread = profiles.std(axis=0, ddof=1) if len(profiles) > 1 else None
    return {
        "n": len(profiles),
        "mean": _rounded(profiles.mean(axis=0)),
        "sd": None if spread is None else _rounded(spread),
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    profile = found.profile
    return {
        "groups": list(found.groups),
        "measures": {
            name: {
                "n": list(one.n),
                "mean": _rounded(map(float, one.mean)),
                "sd": _rounded(map(float, one.sd)),
                **_effect(one),
                "q": _rounded([found.q[name]], 6)[0],
            }
            for name, one in found.measures.items()
        },
        "profile": None
        if profile is None or found.profile_q is None
        else {"n": list(profile.n), **_effect(profile), "q": _rounded(found.profile_q, 6)},
    }


def _effect(one: Any) -> dict[str, Any]:
    names = ("difference", "low", "high", "effect", "effect_low", "effect_high", "p")
    return {
        name: _rounded(getattr(one, name), 6)
        if getattr(one, name).ndim
        else _rounded([getattr(one, name)], 6)[0]
        for name in names
    }


def _curves(
    people: Sequence[Person], measure: str, age: str | None, sex: str | None
) -> list[dict[str, Any]]:
    """A curve for each sex, or one for all without that column; none without ages."""
    parts = by_trait(people, sex) or {EVERYBODY: tuple(people)}
    curves = []
    for name, members in parts.items():
        points = [
            (person.name, years, value)
            for person in members
            if (years := _mean_of(person, age)) is not None
            and (value := person.value(measure)) is not None
        ]
        if points:
            curve = age_curve([point[1] for point in points], [point[2] for point in points])
            curves.append({"name": name, "points": points, "curve": _curve(curve)})
    return curves


def _mean_of(person: Person, column: str | None) -> float | None:
    return None if column is None else person.value(column)


def _curve(curve: AgeCurve | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    return {
        "ages": _rounded(curve.ages),
        "line": _rounded(curve.line),
        "slope": [*_rounded([curve.slope, curve.slope_low, curve.slope_high], 6)],
        "centiles": None
        if curve.centiles is None
        else [_rounded(centile) for centile in curve.centiles],
    }


def _number(value: Any) -> float | None:
    return value if isinstance(value, float) else None


def _rounded(values: Iterable[float], digits: int = 4) -> list[float | None]:
    """Plain numbers; None for what is none."""
    return [round(float(v), digits) + 0.0 if math.isfinite(v) else None for v in values]


def difference_rows(comparisons: Iterable[Comparison]) -> list[Mapping[str, Any]]:
    """The differences of all measures as rows of a table."""
    return [
        {
            "group_1": found.groups[0],
            "group_2": found.groups[1],
            "measure": name,
            "n_1": one.n[0],
            "n_2": one.n[1],
            "mean_1": round(float(one.mean[0]), 4),
            "mean_2": round(float(one.mean[1]), 4),
            "sd_1": round(float(one.sd[0]), 4),
            "sd_2": round(float(one.sd[1]), 4),
            **_effect(one),
            "q": round(found.q[name], 6),
        }
        for found in comparisons
        for name, one in found.measures.items()
    ]
