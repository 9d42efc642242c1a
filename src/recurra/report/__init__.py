"""Reports: plots, tables of scores, and parameters as text."""
