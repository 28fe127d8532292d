"""The experiments of the founding study on any cohort, cross-validated by patient."""
