"""What the calls of an accelerated layer ran on."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Calls:
    """Counts the calls of one accelerated layer. A copy, also a pickled one, begins with zeros.

    Attributes:
        on_kernels: number of calls that the kernels ran.
        in_torch: number of calls that torch ran, by reason, such as "autocast".
    """

    on_kernels: int = 0
    in_torch: dict[str, int] = field(default_factory=dict)

    def left_to_torch(self, reason: str) -> None:
        """Count a call that torch runs."""
        self.in_torch[reason] = self.in_torch.get(reason, 0) + 1

    def __str__(self) -> str:
        """Format the counts as "2 on the kernels, 1 in torch (autocast)"; "" if there were no calls."""
        parts = [f"{self.on_kernels} on the kernels"] if self.on_kernels else []
        return ", ".join(parts + [f"{count} in torch ({reason})" for reason, count in self.in_torch.items()])

    def __reduce__(self) -> tuple[Any, ...]:
        return Calls, ()
