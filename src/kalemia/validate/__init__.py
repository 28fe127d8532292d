"""The simulator against the figures of the clinic and real ECGs, as a table and a page."""
