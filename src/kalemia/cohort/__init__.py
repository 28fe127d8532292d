"""ECGs paired with laboratory potassium: one format, and what builds it from a simulator or a hospital's files."""

from kalemia.cohort.cohort import Cohort
from kalemia.cohort.split import fold_of, place_of

__all__ = ["Cohort", "fold_of", "place_of"]
