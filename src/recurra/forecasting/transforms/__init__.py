"""Transforms: from the rows of a table to what a network reads, and from its outputs back."""
