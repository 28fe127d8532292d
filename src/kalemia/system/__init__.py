"""What touches disk and processes: files written whole, workers, WFDB records."""
