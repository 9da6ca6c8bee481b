"""How a folder is watched. Imports nothing heavy, because the command line reads it."""

from dataclasses import dataclass

from callosal.models.errors import InputError


@dataclass(frozen=True)
class Pace:
    """When to look, and when a series is complete.

    Attributes:
        quiet_seconds: How long no file of a series may have come, changed or gone.
        poll_seconds: Time between two looks; longer if a look itself takes long.
        once: End as soon as everything is quiet and done.
    """

    quiet_seconds: float
    poll_seconds: float
    once: bool = False

    def __post_init__(self) -> None:
        if not (self.quiet_seconds > 0 and self.poll_seconds > 0):
            raise InputError(
                f"--quiet-seconds {self.quiet_seconds} --poll-seconds {self.poll_seconds}: both "
                "must be above 0",
                "wrong_usage",
            )
