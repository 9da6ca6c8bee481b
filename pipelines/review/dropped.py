"""A file dropped onto the page: read here, segmented in the browser, its pose found here.

Nothing of it stays: it lies in a private temporary folder while it is read.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.fusion import fuse
from callosal.pipelines.midplane.sagittal_views import views
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.reference_line import find_reference_line
from callosal.pipelines.review.messages import Response, json_response
