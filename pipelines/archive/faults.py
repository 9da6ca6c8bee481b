"""Why an object did not reach an archive: the archive is away, or it refuses the object."""


class Unreachable(Exception):
    """The archive is down or lets nobody in; it will be tried for as long as it takes."""


class Refused(Exception):
    """One object was refused, or the connection broke over it; after some tries it is given up."""
