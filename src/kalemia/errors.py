"""The exceptions that Kalemia raises: one tree, so that a caller can catch all of it or a part.

Every message is one sentence that says what is wrong, where, and what is accepted.
"""


class KalemiaError(Exception):
    """Anything that Kalemia reports to a person instead of a traceback."""


def internal(exc: Exception) -> str:
    """Return what is said of an exception that is nobody's fault but ours."""
    return f"internal error, please report it: {type(exc).__name__}: {exc}"


class DigitizeError(KalemiaError):
    """A page could not be digitized, or what was traced on it cannot be trusted."""


class ReadError(KalemiaError):
    """A file could not be read as an ECG, or what it holds cannot be trusted."""


class BeatError(KalemiaError):
    """A recording was read, but no beat that can be used was found in it."""


class ModelError(KalemiaError):
    """A model or its card is missing, damaged or does not fit the input."""


class CalibrationError(KalemiaError):
    """Earlier blood draws could not be used to calibrate a model to a patient."""


class PopulationError(KalemiaError):
    """There is no such population, or a table of laboratory values makes none."""


class LaboratoryError(KalemiaError):
    """A laboratory's value, or how hemolyzed its sample was, cannot be."""


class SimulateError(KalemiaError):
    """The simulator was asked for something it cannot make or write."""


class CohortError(KalemiaError):
    """ECGs and laboratory values could not be paired, or a cohort cannot be read or written."""


class TrainError(KalemiaError):
    """A training configuration is wrong or training cannot go on."""


class AdaptError(KalemiaError):
    """A cohort cannot be used to adapt a model."""


class NoGainError(KalemiaError):
    """A cohort could be used to adapt a model, but would make it no better."""


class ValidateError(KalemiaError):
    """A validation was asked for something that cannot be measured or written."""
