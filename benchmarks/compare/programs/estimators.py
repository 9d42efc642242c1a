"""Fit the estimators from Python, save and load them, and write what they predict.

    estimators.py FOLDER

FOLDER has the tables of `commands.py`; models and predictions go to FOLDER/runs.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from names import settings

from recurra import Forecaster, LanguageModel, load

TEXT = "the quick brown fox jumps over the lazy dog. " * 4
LANGUAGE_MODELS = {
    "ring": LanguageModel(epochs=30),
    "text": LanguageModel(cell="lstm", units=(12, 8), encoding="embedding", window=8, targets="every", epochs=3),
    "dropout": LanguageModel(cell="gru", units=6, dropout=0.2, window=4, validation=0.2, schedule="cosine", epochs=3),
}
FORECASTERS = {
    "plain": Forecaster(target="y", epochs=2),
    "layers": Forecaster(
        target="y", cell="lstm", units=(9, 7), dropout=0.2, window=20, horizon=3, validation=0.2, epochs=2
    ),
    "members": Forecaster(
        target="y",
        optimizer="adamw",
        validation=0.1,
        epochs=2,
        **settings(past_covariates=["other"], ensemble_size=3),
    ),
}


def main() -> None:
    folder = Path(sys.argv[1])
    runs = folder / "runs"
    for name, model in LANGUAGE_MODELS.items():
        text = "abcdea" if name == "ring" else TEXT
        model.fit(text).save(runs / f"language-{name}.safetensors")
        loaded = load(runs / f"language-{name}.safetensors")
        assert isinstance(loaded, LanguageModel)
        start = text[:9]
        said = {"next": loaded.predict(start), "chances": loaded.predict_proba(start), "score": loaded.score(text)}
        (runs / f"language-{name}.json").write_text(json.dumps(said), "utf-8")
    table = pd.read_csv(folder / "walk.csv")
    for name, forecaster in FORECASTERS.items():
        forecaster.fit(table).save(runs / f"forecaster-{name}.safetensors")
        again = load(runs / f"forecaster-{name}.safetensors")
        assert isinstance(again, Forecaster)
        again.predict().to_csv(runs / f"forecaster-{name}.csv", index=False)


if __name__ == "__main__":
    main()
