"""The logs of the DICOM libraries, which quote data of requests and values of headers."""

import logging
import warnings


def silence_libraries() -> None:
    """Keep them off the console."""
    from pynetdicom import _config

    for name in ("pynetdicom", "pydicom", "dicomweb_client", "retrying", "urllib3"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
    warnings.filterwarnings("ignore", module="pydicom")
    _config.LOG_HANDLER_LEVEL = "none"
