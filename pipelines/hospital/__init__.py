"""What goes back to the hospital: DICOM SEG, structured report, secondary capture."""
