"""A model is calibrated on the few ECGs that a hospital has labels of."""
