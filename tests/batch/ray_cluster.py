"""A Ray cluster of machines with one core each, all of them simulated on this one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HEAD = {"num_cpus": 1, "include_dashboard": False, "include_log_monitor": False,
        "no_monitor": True}  # fmt: skip
"""Nobody looks at its pages and logs, and it does not grow: each of these is a process."""


@contextmanager
def started_cluster(others: int = 0) -> Iterator[Any]:
    """The cluster, to which this process is connected.

    Args:
        others: How many machines there are beside the first one; they are its `worker_nodes`.
    """
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Cluster(initialize_head=True, head_node_args=HEAD)
    try:
        for _ in range(others):
            nodes.add_node(num_cpus=1)
        ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()
