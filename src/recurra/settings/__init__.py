"""Every setting, defined once: its name, type, bounds, default, and the sentence that says what it does. No torch."""
