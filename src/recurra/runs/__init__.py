"""Runs: a case becomes a finished run folder, and a run is opened, shown and asked."""
