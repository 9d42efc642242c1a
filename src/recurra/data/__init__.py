"""Sequences of symbols and tables of time series: readers, checks, splits, windows and scalers."""
