"""Forecaster: from the rows of a table to a fitted network, and from its outputs back to forecasts."""
