"""What a user may say of a Ray cluster. It imports nothing heavy: the command line reads it."""

from dataclasses import dataclass

from callosal.models.errors import EngineError


@dataclass(frozen=True)
class RayOptions:
    """Workers on a Ray cluster.

    Attributes:
        address: Of the cluster, such as `auto`; None for RAY_ADDRESS, else one on this machine.
        actors: Workers, each with the model loaded once; None for as many as there is room for.
        cpus: Cores of each worker; its network uses as many threads, one at least.
        gpus: Share of a GPU of each worker: 0.25 puts four on one. With above 0 ask for a
            device that uses it (`--device auto` or `cuda`).
        wait_s: How long to wait for the first worker before giving up.
    """

    address: str | None = None
    actors: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    wait_s: float = 300.0

    def __post_init__(self) -> None:
        too_few = self.actors is not None and self.actors < 1
        if too_few or self.cpus <= 0 or self.gpus < 0 or self.wait_s <= 0:
            raise EngineError(
                f"ray: actors {self.actors}, cpus {self.cpus:g} and wait_s {self.wait_s:g} must be "
                f"above 0, gpus {self.gpus:g} not below",
                "wrong_usage",
            )

    def threads(self, asked: int | None) -> int:
        """Threads of the network of a worker: those asked for, else one for each of its cores."""
        return asked or max(1, int(self.cpus))
