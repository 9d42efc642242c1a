"""The ring of five letters, and a model's file."""

RING = "abcdea"


def saved(model, path):
    model.save(path)
    return path.read_bytes()
