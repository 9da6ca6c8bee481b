"""The exit code of a command that works on many cases."""

ALL_DONE, NOTHING_DONE, SOME_DONE = 0, 1, 2


def exit_code(n_done: int, n_cases: int, n_faults: int = 0, nothing_usable: bool = False) -> int:
    """What a run came to, for the shell.

    Args:
        n_done: Cases with a result.
        n_cases: All cases.
        n_faults: Broken or refused input that is no case, and whatever else went wrong.
        nothing_usable: Whether the whole input holds no case, only images of another kind, say:
            nothing is broken, but nothing could be done.

    Returns:
        0 all done, 1 nothing could be done, 2 some of it.

    >>> exit_code(3, 3), exit_code(0, 3), exit_code(2, 3), exit_code(3, 3, n_faults=1)
    (0, 1, 2, 2)
    >>> exit_code(0, 0), exit_code(0, 0, nothing_usable=True)
    (0, 1)
    """
    if not n_done and (n_cases or n_faults or nothing_usable):
        return NOTHING_DONE
    return SOME_DONE if n_faults or n_done < n_cases else ALL_DONE
