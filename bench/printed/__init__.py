"""Drawn pages of simulated ECGs, what happens to them before they are read, and how well they were read."""
