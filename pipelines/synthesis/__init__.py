"""Labelled synthetic scans: asked for, sampled, checked, written."""
