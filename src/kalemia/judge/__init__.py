"""How good a model is: metrics, resampled patients, comparisons, figures, and the page of an evaluation."""
