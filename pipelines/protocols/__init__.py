"""Stacks along named lines of the brain: commissures, regressions, protocol files."""
