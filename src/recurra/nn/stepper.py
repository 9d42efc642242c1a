"""One sequence, step by step, as it comes in: a layer's weights packed once, its state kept between the steps."""

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.nn import kernels, native
from recurra.nn.cells import Equations, State, Weights, input_part


class Stepper:
    """A core that reads one sequence (B = 1) as its steps come in; `layer.stepper()` makes one.

    The weights are copied when it is made: what is done to the layer afterwards does not change it. No gradients.

        stepper = layer.stepper()
        for x_t in stream:        # [I] each
            h_t = stepper(x_t)    # [H]

    Args:
        equations: which cell, with its options.
        w: the parameters.
        backend: "auto", or "native" to insist on the kernels; any other goes by the equations.

    Raises:
        InputError: the backend is "native", and the kernels cannot do it.
    """

    def __init__(self, equations: Equations, w: Weights, *, backend: str = "auto") -> None:
        with torch.inference_mode(False):
            self._set_up(equations, w, backend)

    def _set_up(self, equations: Equations, w: Weights, backend: str) -> None:
        bias_ih, bias_hh = (None if bias is None else bias.detach().clone() for bias in (w.bias_ih, w.bias_hh))
        w = Weights(w.weight_ih.detach().clone(), w.weight_hh.detach().clone(), bias_ih, bias_hh)
        self.input_size, self.hidden_size = w.weight_ih.shape[1], w.weight_hh.shape[1]
        self._equations, self._weights = equations, w
        self._dtype, self._device = w.weight_ih.dtype, w.weight_ih.device
        self._state = tuple(w.weight_ih.new_zeros(self.hidden_size) for _ in range(equations.states))
        obstacle = native.obstacle(equations, w.weight_ih, None, w, None)
        if backend == "native" and obstacle is not None:
            raise InputError(f'Stepper: backend="native" cannot do {obstacle}; backend="auto" finds a way that can.')
        fast = backend in {"auto", "native"} and obstacle is None
        kernel = native.kernel_of(equations) if fast else None
        h, c = self._state if equations.states == 2 else (self._state[0], None)
        self._kernel = None if kernel is None else kernels.new_stepper(kernel, w, h, c)

    def __call__(self, x_t: Tensor) -> Tensor:
        """Go one time step on.

        Args:
            x_t: the input of this step, [I] (or [1, I]).

        Returns:
            The output h_t, [H]: the stepper's own memory, which the next step overwrites.

        Raises:
            InputError: the input has another size or type than the layer.
        """
        if self._kernel is not None and self._kernel.step(x_t):
            return self._state[0]
        if not isinstance(x_t, Tensor):
            raise InputError(f"Stepper: the input is a {type(x_t).__name__}; expected a torch.Tensor.")
        fits = x_t.numel() == self.input_size and x_t.dtype is self._dtype and x_t.device == self._device
        if not fits or self._kernel is not None or type(x_t) not in (Tensor, nn.Parameter):
            raise InputError(
                f"Stepper: the input is a {type(x_t).__name__} of {x_t.dtype}, shape {tuple(x_t.shape)}, "
                f"on {x_t.device}; expected {self._dtype} of shape ({self.input_size},), one time step, "
                f"on {self._device}."
            )
        self._step_by_equations(x_t)
        return self._state[0]

    @torch.no_grad()
    def _step_by_equations(self, x_t: Tensor) -> None:
        w = self._weights
        state = tuple(s[None] for s in self._state)
        for mine, new in zip(
            self._state, self._equations.step(input_part(x_t.reshape(1, -1), w), state, w), strict=True
        ):
            mine.copy_(new[0])

    @property
    def state(self) -> State:
        """The state after the last step: copies of h, or of h and c, each [H]."""
        return tuple(s.clone() for s in self._state)

    @state.setter
    def state(self, state: State) -> None:
        if not isinstance(state, tuple | list):
            raise InputError(
                f"Stepper: the state is a {type(state).__name__}; expected {len(self._state)} tensors in a tuple."
            )
        shapes = [tuple(s.shape) for s in state]
        if len(state) != len(self._state) or any(s.numel() != self.hidden_size for s in state):
            raise InputError(
                f"Stepper: the state has shapes {shapes}; expected {len(self._state)} of ({self.hidden_size},)."
            )
        for mine, given in zip(self._state, state, strict=True):
            mine.copy_(given.detach().reshape(-1))
        if self._kernel is not None:
            self._kernel.read_state()

    def reset(self) -> None:
        """Begin again, with a state of zeros."""
        self.state = tuple(torch.zeros_like(s) for s in self._state)
