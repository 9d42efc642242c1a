"""How good a model is, beside what needs no model."""
