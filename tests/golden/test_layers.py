"""Recurrent layers give the recorded outputs and gradients, whichever backend computes them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from .comparison import EXACT
from .layers import answers, torch_answers

RECORDED = load_file(Path(__file__).parent / "layers.safetensors")


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_layers_answer_as_recorded(backend: str) -> None:
    exact = EXACT and backend == "auto"
    assert_as_recorded({f"{name}/{part}": t for name, of in answers(backend).items() for part, t in of.items()}, exact)


def test_torchs_layers_answer_as_recorded_when_converted_accelerated_and_streamed() -> None:
    assert_as_recorded({f"{name}/{part}": t for name, of in torch_answers().items() for part, t in of.items()}, EXACT)


def test_every_recorded_answer_is_compared() -> None:
    found = answers("auto") | torch_answers()
    assert {f"{name}/{part}" for name, parts in found.items() for part in parts} == set(RECORDED)


def assert_as_recorded(found: dict[str, Tensor], exact: bool) -> None:
    tolerance = 0.0 if exact else 1e-5
    for name, tensor in found.items():
        torch.testing.assert_close(
            tensor, RECORDED[name], rtol=tolerance, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}"
        )
