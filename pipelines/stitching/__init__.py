"""Stations of a spine, or of any long part of the body, joined to one volume."""
