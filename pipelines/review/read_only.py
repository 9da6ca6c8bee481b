"""review.html: one case to look at from disk, without a server."""

from callosal.pipelines.review.desk import ReviewDesk


def write_read_only_pages(desk: ReviewDesk) -> int:
    """Write a page into the folder of each case that can be looked at.

    Returns:
        How many were written.
    """
    return 0
