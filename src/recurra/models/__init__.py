"""What both models share: the conventions of estimators, training in a run folder, and model files."""
