"""Geometry in the midsagittal plane: slice images, boxes, lines, polygons, splines, angles."""
