"""Work shared among the cores of this process.

Threads, not processes: NumPy and SciPy let go of the interpreter while they compute on arrays.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

from callosal.export.devices import usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_all_cores(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Results of a function for each item, in their order; they do not depend on the cores.

    Args:
        function: What it does for one item does not touch what it does for another; most of its
            time is spent in array operations.
        items: Its arguments.

    Raises:
        Exception: The first that the function raised.

    >>> on_all_cores(abs, [-2, 1])
    [2, 1]
    """
    todo = list(items)
    threads = min(usable_cores(), len(todo))
    if threads < 2:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, todo))


def even_parts(length: int) -> list[slice]:
    """A range cut into as many even parts as there are cores, none of them empty.

    >>> [part.start for part in even_parts(1)]
    [0]
    """
    count = max(1, min(usable_cores(), length))
    edges = [length * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
