"""Acquired stacks held against the anatomical plan of their exam."""
