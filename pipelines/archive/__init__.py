"""The archive of a hospital: results are sent to it."""
