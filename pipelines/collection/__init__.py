"""Reviewed cases of runs as a folder of labelled slices to train on."""
