"""The midsagittal plane of a head, and slices cut along it."""
