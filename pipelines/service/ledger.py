"""Rows of an output folder, kept by the series they came from."""

from collections.abc import Iterable, Sequence

from callosal.pipelines.outputs.results import Row


class Ledger:
    """What is known of each series, the newest of it alone.

    Args:
        earlier: Rows of finished cases that were there before; each stays until its case is met.
    """

    def __init__(self, earlier: Iterable[Row]) -> None:
        self._earlier = {str(row["case_id"]): row for row in earlier}
        self._by_series: dict[str, Sequence[Row]] = {}
        self._homes: dict[str, str] = {}

    def replace(self, key: str, rows: Sequence[Row]) -> None:
        """Take these rows for all that is known of a series.

        Args:
            key: That of the series.
            rows: Its cases and what was skipped of it.
        """
        for row in rows:
            case_id = str(row["case_id"])
            self._earlier.pop(case_id, None)
            home = self._homes.get(case_id, key)
            if home != key:  # it came with others before, and alone now, or the other way round
                others = self._by_series[home]
                self._by_series[home] = [one for one in others if str(one["case_id"]) != case_id]
            self._homes[case_id] = key
        self._by_series[key] = rows

    @property
    def rows(self) -> list[Row]:
        """All rows, one a case."""
        return [
            *self._earlier.values(),
            *(row for rows in self._by_series.values() for row in rows),
        ]
