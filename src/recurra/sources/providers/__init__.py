"""Providers of daily bars: one adapter each, which asks once, and all with the same contract."""
