"""Generators of labelled slices: networks, objectives, samplers, their Lightning modules.

`noise` and `spec` need numpy alone, so that a generator runs where torch is absent.
"""
