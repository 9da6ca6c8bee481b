"""What a user may set of the group level."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupSettings:
    """Columns of participants.tsv that the page compares by.

    Attributes:
        group_column: Column of the groups.
        age_column: Column of the age, in years.
        sex_column: Column of the sex.
    """

    group_column: str = "group"
    age_column: str = "age"
    sex_column: str = "sex"
