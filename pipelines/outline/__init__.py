"""Outlines of masks: level sets, contours in mm, polygons."""
