"""DICOM in: headers, stacks, volumes."""
