"""Limits for senders. Imports nothing heavy, because the command line reads it."""

from dataclasses import dataclass, fields

from callosal.models.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Bounds of what is received; all above 0.

    Attributes:
        object_mb: Size of one object, in 10^6 bytes. Objects are held in memory until they are
            whole: at most three of this size an association.
        objects: Objects of one association.
        associations: Associations at once.
        spool_gb: Size of all that is kept on disk, in 10^9 bytes.
        mb_per_s: 10^6 bytes a second from one host, all its associations together; a faster
            sender is slowed down.
        idle_s: Seconds for which a sender may say nothing, or take for one message part.
    """

    object_mb: float = 256.0
    objects: int = 10_000
    associations: int = 4
    spool_gb: float = 20.0
    mb_per_s: float = 100.0
    idle_s: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"--limits.{field.name} {value}: must be above 0", "wrong_usage")

    @property
    def object_bytes(self) -> int:
        """Size of one object."""
        return int(self.object_mb * 1e6)

    @property
    def spool_bytes(self) -> int:
        """Size of all that is kept."""
        return int(self.spool_gb * 1e9)
