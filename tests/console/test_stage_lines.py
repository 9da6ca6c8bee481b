import logging

import pytest

from callosal.pipelines.console.stage_lines import StageLines, counted, say


def test_items_are_counted_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(counted([1, 2, 3], "scoring slices", seconds_between=0)) == [1, 2, 3]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "scoring slices: 3"
    assert lines[-1].startswith("scoring slices: 2 of 3, ")


def test_stages_of_a_package_are_printed_while_it_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("callosal.some.part")
    with StageLines("callosal.some"):
        log.info("writing the graph")
    log.info("unheard")
    say("said")
    assert capsys.readouterr().err == "writing the graph\nsaid\n"
