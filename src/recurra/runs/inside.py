"""Inside the network of a run: a text as it reads it, and the units that follow something."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from recurra.errors import InputError
from recurra.language.inside import LEAST, Follower, Inside
from recurra.runs.load import load_language_model
from recurra.runs.text import end_of_text
from recurra.training.run_folder import Run


class RunInside(NamedTuple):
    """Inside the network of a run.

    Attributes:
        inside: what it held while it read the text, and what it expected.
        followers: the units that follow something, best first.
        studied: in words, the text in which they were looked for.
        missing: why that is not the text of the run; empty if it is.
    """

    inside: Inside
    followers: Sequence[Follower]
    studied: str
    missing: str

    @property
    def best(self) -> str:
        """The unit that follows something best; if there is none, the one that changes most in the text."""
        if self.followers:
            return self.followers[0].unit
        changes = {layer: held.std(axis=0) for layer, held in self.inside.units.items()}
        layer = max(changes, key=lambda layer: changes[layer].max())
        return f"{layer}:{changes[layer].argmax()}"


def run_inside(path: Path, text: str, unit: str | None = None) -> RunInside:
    """Read a text with the network of a run, and find the units that follow something.

    These are looked for at the end of the run's own text, in its validation part if it has one. If that cannot be read
    again, is another text now, or is too short, they are looked for in the given text.

    Args:
        path: the run folder.
        text: the text.
        unit: a unit that is asked for; None: none is.

    Raises:
        InputError: it is no run of a text, the text is empty or has an unknown symbol, or there is no such unit.
    """
    model = load_language_model(path)
    inside = model.inside(text)
    if unit is not None:
        inside.unit(unit)  # raises an InputError before a long text is read
    part = "validation part" if model.settings_.validation else "text"
    try:
        own = end_of_text(Run(path), model)
    except InputError as error:
        return RunInside(inside, model.followers(text), "this text", str(error))
    count = len(model.vocabulary_.encode(own))
    if count < LEAST:
        missing = f"The run's {part} is too short, {count:,} symbols."
        return RunInside(inside, model.followers(text), "this text", missing)
    return RunInside(inside, model.followers(own), f"the last {len(own):,} characters of the run's {part}", "")
