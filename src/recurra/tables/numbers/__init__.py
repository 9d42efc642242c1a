"""Columns of numbers as people write them: their shapes, their marks, and the evidence for what the marks mean."""
