"""A Beat becomes an Estimate: the model, what it knows of the patient, and reasons to refuse."""
