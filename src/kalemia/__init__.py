"""Kalemia estimates serum potassium from an electrocardiogram. Research use; not a medical device."""

__version__ = "0.1.0"
