"""The recurrent layers of a network, as titles of plots name them."""

from recurra.nn.cells import CELLS, Cell
from recurra.settings.network import CellName, NamedCell, NetworkSettings, units_of_layers


def layer_titles(settings: NetworkSettings) -> list[str]:
    """Return the recurrent layers as texts such as GRU(32), from input to output."""
    return [f"{title_of(settings.cell)}({units})" for units in units_of_layers(settings)]


def title_of(cell: CellName | NamedCell) -> str:
    """Return the name of a cell in reports, such as "GRU" for "gru"."""
    cell = CELLS[cell]() if isinstance(cell, str) else cell
    return cell.title if isinstance(cell, Cell) else cell.name
