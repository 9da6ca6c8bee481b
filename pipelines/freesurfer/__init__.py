"""The callosum of a FreeSurfer segmentation beside that of callosal."""
