"""Lines for the console: names of folders and files are shown only to a person at a terminal.

Archives name folders and files after patients, and a log outlives the terminal. Where the
console is no terminal, case ids and reason codes are shown, and nothing that holds a name.
"""

from rich.console import Console


def private_line(console: Console, plain: str, named: str) -> str:
    """A line for the console.

    Args:
        console: Where it goes.
        plain: The line without names and paths.
        named: What is added for a person at a terminal.

    >>> private_line(Console(force_terminal=False), "case-1 ok", "Miller/T1: series 4")
    'case-1 ok'
    >>> private_line(Console(force_terminal=True), "case-1 ok", "Miller/T1: series 4")
    'case-1 ok: Miller/T1: series 4'
    """
    return f"{plain}: {named}" if console.is_terminal else plain
