"""Python expressions that a user may type: defaults, estimators on small data, and arguments that are wrong."""

from typing import Any

FIT_LETTERS = "LanguageModel(epochs=2, {}).fit('abcdeabcde')"
SMALL = (
    "window=6, units=3, epochs=2, batch_size=64, learning_rate=0.001, schedule='constant', clip_norm=None, "
    "loss='mse', scaling=('standard', 'subtract-last')"
)
FIT_SERIES = f"Forecaster('sales', {SMALL}, {{}}).fit('sales.csv')"

CONSTANTS = [
    "sorted(recurra.__all__)",
    "LanguageModel().get_params()",
    "Forecaster().get_params()",
    "repr(LanguageModel(units=4, cell='gru'))",
    "repr(Forecaster('open', horizon=3))",
    "repr(LSTM(3, 4, bidirectional=True, return_state=True))",
    "repr(GRU(3, 4, go_backwards=True))",
    "{name: list(p.shape) for name, p in SimpleRNN(3, 4).named_parameters()}",
    "{name: list(p.shape) for name, p in GRU(3, 4).named_parameters()}",
    "{name: list(p.shape) for name, p in GRU(3, 4, reset_after=False).named_parameters()}",
    "{name: list(p.shape) for name, p in LSTM(3, 4, bidirectional=True).named_parameters()}",
    "LSTM(3, 2).bias.tolist()",
    "LSTM(3, 2, unit_forget_bias=False).bias.tolist()",
    "LanguageModel(order='sorted', epochs=1).fit('dcba').vocabulary_.symbols",
]

VALUES = [
    f"{FIT_LETTERS.format('window=2')}.predict_many(['ab', 'cabcd'])",
    f"{FIT_LETTERS.format('units=(3, 2)')}.score('abcde')",
    "LanguageModel(window=2, epochs=3).fit('a cat sat on a mat and a cat ran'.split()).predict_proba(['a', 'cat'])",
    f"{FIT_SERIES.format('horizon=2, seed=3')}.predict().astype(str).to_dict('list')",
    f"{FIT_SERIES.format('validation=20')}.predict(levels=[80.0]).astype(str).to_dict('list')",
    f"{FIT_SERIES.format('')}.score('sales-newer.csv')",
    f"{FIT_SERIES.format('')}.evaluate('sales-newer.csv').to_json()",
    f"Forecaster('sales', {SMALL}).backtest('sales.csv', folds=3).to_json()",
    f"Forecaster('sales', {SMALL}, horizon=2).backtest('sales.csv', folds=2, refit=True).to_json()",
]

ERRORS = [
    "LanguageModel().predict('a')",
    "LanguageModel().save('model.safetensors')",
    "LanguageModel().set_params(unit=3)",
    "LanguageModel(cell='lstn').fit('abc')",
    "LanguageModel(units=()).fit('abc')",
    "LanguageModel(units=2.5).fit('abc')",
    "LanguageModel(encoding='one-hot').fit('abc')",
    "LanguageModel(embedding_dim=0).fit('abc')",
    "LanguageModel(window=0).fit('abc')",
    "LanguageModel(window=3).fit('abc')",
    "LanguageModel().fit('')",
    "LanguageModel().fit(['a', '', 'b'])",
    "LanguageModel().fit([1, 2, 3])",
    "LanguageModel(targets='first').fit('abc')",
    "LanguageModel(order='random').fit('abc')",
    "LanguageModel(dropout=1.0).fit('abc')",
    "LanguageModel(learning_rate=float('nan')).fit('abc')",
    "LanguageModel(validation=2).fit('abc')",
    "LanguageModel(validation=2).fit('ababcd')",
    "LanguageModel(shuffle='perhaps').fit('abc')",
    f"{FIT_LETTERS.format('window=2')}.predict('a')",
    f"{FIT_LETTERS.format('window=2')}.predict('ax')",
    f"{FIT_LETTERS.format('window=2')}.save('nowhere/model.safetensors')",
    "Forecaster().predict()",
    "Forecaster('sales', cell='gruu').fit('sales.csv')",
    "Forecaster('sails').fit('sales.csv')",
    "Forecaster().fit('sales.csv')",
    "Forecaster('sales').fit('nothing.csv')",
    "Forecaster('sales').fit([1.0, 2.0])",
    "Forecaster('sales', horizon=0).fit('sales.csv')",
    "Forecaster('sales', window=80).fit('sales.csv')",
    "Forecaster('sales', scaling=('standard', 'log')).fit('sales.csv')",
    "Forecaster('sales', scaling='z').fit('sales.csv')",
    "Forecaster('sales', residual='price').fit('sales.csv')",
    "Forecaster('sales', past_covariates=('price', 'price')).fit('sales.csv')",
    "Forecaster('sales', missing='zero').fit('sales.csv')",
    "Forecaster('visitors').fit('gaps.csv')",
    "Forecaster('sales', loss='mape').fit('sales.csv')",
    "Forecaster('sales', ensemble_size=0).fit('sales.csv')",
    "Forecaster('sales', restore_best='first').fit('sales.csv')",
    f"{FIT_SERIES.format('')}.predict(levels=[90.0])",
    f"{FIT_SERIES.format('')}.predict('shops.csv')",
    f"{FIT_SERIES.format('future_covariates=' + repr('promo'))}.predict()",
    f"{FIT_SERIES.format('validation=10')}.predict(levels=[0.9])",
    f"{FIT_SERIES.format('validation=10')}.predict(levels=[99.0])",
    "Forecaster('sales').backtest('sales.csv', folds=0)",
    "Forecaster('sales').backtest('sales.csv', folds=100)",
    "load('nothing.safetensors')",
    "load('sales.csv')",
    "load('documents')",
    "SimpleRNN(0, 4)",
    "SimpleRNN(3, 0)",
    "SimpleRNN(3, 4, activation='swish')",
    "GRU(3, 4, recurrent_activation='step')",
    "GRU(3, 4, dropout=1.0)",
    "LSTM(3, 4, recurrent_dropout=-0.1)",
    "LSTM(3, 4, go_backwards=True, bidirectional=True)",
    "LSTM(3, 4, backend='cuda')",
    "LSTM(3, 4)(torch.zeros(2, 5, 4))",
    "LSTM(3, 4)(torch.zeros(5, 3))",
    "LSTM(3, 4)(torch.zeros(2, 0, 3))",
    "LSTM(3, 4)(torch.zeros(2, 5, 3, dtype=torch.float64))",
    "LSTM(3, 4)(torch.zeros(2, 5, 3), torch.zeros(2, 4))",
    "GRU(3, 4)(torch.zeros(2, 5, 3), torch.zeros(3, 4))",
    "GRU(3, 4)(torch.zeros(2, 5, 3), torch.zeros(2, 4, dtype=torch.float64))",
    "GRU(3, 4)(torch.zeros(2, 5, 3), mask=torch.ones(2, 4))",
    "SimpleRNN(3, 4, backend='torch')(torch.zeros(2, 5, 3), mask=torch.ones(2, 5))",
    "GRU(3, 4, reset_after=False, backend='torch')(torch.zeros(2, 5, 3))",
    "LSTM(3, 4, activation='relu', backend='torch')(torch.zeros(2, 5, 3))",
    "[layer(torch.zeros(n, 5, 3)) for layer in [GRU(3, 4, stateful=True)] for n in (2, 3)]",
    "LSTM(3, 4, bidirectional=True).stepper()",
    "LSTM(3, 4).stepper()(torch.zeros(4))",
    "LSTM(3, 4).stepper()([1.0, 2.0, 3.0])",
    "from_torch(torch.nn.Linear(3, 4))",
    "from_torch(torch.nn.LSTM(3, 4, proj_size=2))",
    "accelerate('model')",
]  # fmt: skip


def names() -> dict[str, Any]:
    """What the expressions may name: the public face of the package."""
    import torch

    import recurra
    from recurra import Forecaster, LanguageModel, accelerate, load
    from recurra.nn import GRU, LSTM, SimpleRNN, from_torch

    public = (Forecaster, LanguageModel, accelerate, load, GRU, LSTM, SimpleRNN, from_torch)
    return {"recurra": recurra, "torch": torch} | {thing.__name__: thing for thing in public}
