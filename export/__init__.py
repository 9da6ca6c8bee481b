"""From torch to one ONNX file, and the torch-free runtime that reads it back."""

import os

# onnxruntime 1.31 for Linux reports its use to its makers unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
