"""RESULTS.md, of which each benchmark writes its own section and leaves the others as they are."""

import platform
import re
from pathlib import Path

import torch

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Results\n"


def write_section(name: str, text: str, file: Path = RESULTS) -> None:
    """Replace the section between the comments that bear `name`, or add it at the end, and print it."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    whole = file.read_text("utf-8") if file.is_file() else TITLE
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}\n", re.DOTALL)
    whole = pattern.sub(lambda _: section, whole) if pattern.search(whole) else f"{whole.rstrip()}\n\n{section}"
    file.write_text(whole, "utf-8")
    print(text)


def machine() -> str:
    """What the figures were measured with."""
    threads = torch.get_num_threads()
    return (
        f"{threads} thread{'s' * (threads > 1)}, {platform.machine()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}"
    )
