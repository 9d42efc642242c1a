"""torch.onnx.export of layers of recurra.nn and of accelerated layers: ONNX's own operators, and the same numbers."""

import pytest
import torch
from torch import nn

from recurra.nn import GRU, LSTM, Dense, Network, SimpleRNN, accelerate

pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")

B, T, I, H = 2, 5, 3, 4
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights"),
]
SLOW = pytest.mark.slow


def torch_lstm() -> nn.Module:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(I, H, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.lstm(x)[0][:, -1]

    model = Last()
    assert len(accelerate(model).replaced) == 1
    return model


@pytest.mark.parametrize(
    ("make", "operators"),
    [
        pytest.param(lambda: Network([SimpleRNN(I, H), Dense(H, 2)]), [], marks=SLOW),  # step by step
        pytest.param(lambda: Network([GRU(I, H, bidirectional=True), Dense(2 * H, 2)]), ["GRU", "GRU"], marks=SLOW),
        pytest.param(lambda: Network([GRU(I, H, go_backwards=True)]), ["GRU"], marks=SLOW),
        (lambda: Network([LSTM(I, H, return_sequences=True), LSTM(H, H), Dense(H, 2)]), ["LSTM", "LSTM"]),
        (torch_lstm, ["LSTM"]),
    ],
    ids=["SimpleRNN", "bidirectional GRU", "backwards GRU", "two LSTMs", "accelerated torch.nn.LSTM"],
)
@pytest.mark.parametrize("gradients", [False, pytest.param(True, marks=SLOW)])
def test_an_export_has_onnx_operators_and_predicts_the_same(make, operators, gradients):
    model, x = make().eval(), torch.randn(B, T, I)
    with torch.set_grad_enabled(gradients):
        exported = torch.onnx.export(model, (x,), dynamo=True, verbose=False)
    found = [node.op_type for node in exported.model_proto.graph.node]
    assert [name for name in found if name in {"RNN", "GRU", "LSTM"}] == operators
    session = onnxruntime.InferenceSession(exported.model_proto.SerializeToString())
    (output,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(output), model(x).detach(), rtol=1e-5, atol=1e-6)
