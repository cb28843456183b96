"""ONNX models, read as data."""
