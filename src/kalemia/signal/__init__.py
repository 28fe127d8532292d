"""A Recording becomes a Beat: one linear-phase filter, R peaks, a gate on quality, and the measures of its waves."""
