"""Samples in, evidence and warnings out: the Python mirror of `firmware`, equal to it bit by bit."""

from kalemia.stream.chain import Chain
from kalemia.stream.events import Event, Kind, Level, Reason, Settings, Signal, Statement
from kalemia.stream.network import Network, of_model

__all__ = ["Chain", "Event", "Kind", "Level", "Network", "Reason", "Settings", "Signal", "Statement", "of_model"]
