"""`recurra show RUN --text TEXT`: a text as the network of a run reads it."""

from pathlib import Path

from recurra.cli.output import note, print_result


def show_inside(run: Path, text: str, unit: str | None) -> None:
    """Print a text in the colors of a unit, with the best guesses, and the units that follow something.

    Args:
        run: the run folder.
        text: the text.
        unit: the unit; None: the one that follows something best.

    Raises:
        InputError: it is no run of a text, there is no such unit, or the text is empty or has an unknown symbol.
    """
    from rich.console import Console
    from rich.text import Text

    from recurra.language.inside import LEAST
    from recurra.report.colored_text import UNLIKELY, color_scale, colored_text
    from recurra.report.text import aligned, percent
    from recurra.runs.inside import run_inside

    found = run_inside(run, text, unit)
    inside, chosen = found.inside, found.best if unit is None else unit
    values = inside.unit(chosen).tolist()
    console = Console(highlight=False, soft_wrap=True)
    color = console.color_system in ("256", "truecolor") and not console.no_color
    if color:
        console.print(Text.assemble(f"Unit {chosen}: ", color_scale(values)), end="\n\n")
    else:
        print_result(
            f"Unit {chosen}: a digit under each symbol, from 0 ({min(values):.2f}) to 9 ({max(values):.2f}).\n"
        )
    console.print(colored_text(inside.symbols, values, inside.guesses, width=console.width, color=color))
    marks = "" if console.color_system is None else f", bold if it came, dim below {percent(UNLIKELY, '.0f')}"
    print_result(f"\nUnder each symbol stands what was expected in its place, best first{marks}.")
    if found.missing:
        note(f"{found.missing} Units that follow something are looked for in the given text")
    if not found.followers:
        print_result(
            f"\nNo unit is said to follow anything in {found.studied}: that takes {LEAST:,} symbols or more,\nand "
            "quotes, lines, indentation or brackets among them."
        )
        return
    rows = [(follower.what, follower.unit, percent(follower.right)) for follower in found.followers]
    print_result(
        "\nThe units that best follow something: of two places that differ, how often they tell which has more "
        f"(chance:\n50 %). They were chosen on the first half of {found.studied},\nand scored on the second.\n\n"
        f"{aligned(rows)}"
    )
