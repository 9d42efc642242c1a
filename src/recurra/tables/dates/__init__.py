"""Dates: their texts, their frequency, and the dates that come next."""
