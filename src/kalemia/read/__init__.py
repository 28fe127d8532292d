"""Reads a digital ECG of any common format into a Recording."""

from kalemia.read.folder import inputs, seen, sorts
from kalemia.read.given import Given
from kalemia.read.input import Input, identify
from kalemia.read.reader import read

__all__ = ["Given", "Input", "identify", "inputs", "read", "seen", "sorts"]
