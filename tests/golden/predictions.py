"""What a recorded model predicts, as JSON has it."""

from pathlib import Path
from typing import Any

from recurra import LanguageModel, load


def predictions_of(run: Path) -> Any:
    """Probabilities after the first windows of the vocabulary, or the next values of the series."""
    model = load(run, device="cpu")
    if isinstance(model, LanguageModel):
        window = model.get_params()["window"]
        symbols = model.vocabulary_.symbols * 2
        inputs = [list(symbols[start : start + window]) for start in range(3)]
        return {" ".join(symbols): model.predict_proba(symbols) for symbols in inputs}
    level = [50.0] if model.get_params()["validation"] else []
    return model.predict(levels=level).astype({"ds": str}).to_dict("list")
