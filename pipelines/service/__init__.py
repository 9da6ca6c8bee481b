"""Services: a watched folder, and a DICOM node that receives images."""
