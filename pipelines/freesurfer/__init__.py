"""The callosum of a FreeSurfer segmentation, compared with that of callosal."""
