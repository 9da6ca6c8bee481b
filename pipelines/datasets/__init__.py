"""Labelled slices on disk and in memory: pairs, tables of participants, splits."""
