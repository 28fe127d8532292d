"""Training: simulated patients and changed real ECGs in, an ONNX file and its card out. torch: here and in export."""
