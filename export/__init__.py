"""From torch to one ONNX file, and the torch-free runtime that reads it back."""
