"""The way of the data: DICOM and NIfTI in, volume, midsagittal slice, ROI, plan, outputs."""
