"""A call of a backend: its tensors by name, and the state that it starts from."""

import torch

from recurra.nn import LSTMCell, SimpleRNNCell
from recurra.nn.backends.backend import Call
from recurra.nn.recurrent_module import RecurrentModule

B, T, I, H = 2, 4, 3, 5


def call_of(cell, **given):
    return Call(
        cell=cell, hidden_size=H, parameters=RecurrentModule(cell, I, H).direction(), x=torch.randn(B, T, I), **given
    )


def test_without_a_state_a_call_starts_from_zeros_of_each_state_of_the_cell():
    for cell, count in ((SimpleRNNCell(), 1), (LSTMCell(), 2)):
        state = call_of(cell).initial_state()
        assert len(state) == count
        assert all(torch.equal(tensor, torch.zeros(B, H)) for tensor in state)


def test_a_given_state_is_the_one_that_a_call_starts_from():
    given = (torch.ones(B, H), torch.zeros(B, H))
    state = call_of(LSTMCell(), state=given).initial_state()
    assert all(one is other for one, other in zip(state, given, strict=True))


def test_by_default_a_call_reads_all_steps_from_the_first_and_returns_the_outputs_of_each():
    call = call_of(SimpleRNNCell())
    assert (call.mask, call.dropout_mask, call.reverse, call.sequences) == (None, None, False, True)
