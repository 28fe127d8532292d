"""Training: simulated patients in, an ONNX file and its card out. torch lives here and in export."""
