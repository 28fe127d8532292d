"""A trained network in the form that something else can run."""
