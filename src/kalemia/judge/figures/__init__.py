"""Figures of estimates against measured potassium, as SVG and PNG: what papers show and reviewers ask for."""
