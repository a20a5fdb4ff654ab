"""The notebooks of a case: copied from the templates, and run headless in order with their outputs kept."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kit.case import read_config, record_activity
from kit.errors import CaseError, KitError
from kit.result import visible

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOT_RUN = ("sql_scratchpad",)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class NotebookError(KitError):
    """A notebook of a case stopped."""


@dataclass(frozen=True)
class Ran:
    """A notebook that ran to its end."""

    name: str
    cells: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<24} {self.cells:>3} cells  {self.seconds:6.1f} s"


def shipped_folder(name: str) -> Path:
    """A folder that comes with the kit (notebooks, sample_data/incident). Raises CaseError if it is not there."""
    folder = Path(__file__).resolve().parent.parent / name
    if not folder.is_dir():
        raise CaseError(f"{folder} is not there; install the kit from a clone: pip install -e PATH-OF-THE-CLONE")
    return folder


def copy_templates(case: Path) -> list[Path]:
    """Copy the notebooks into CASE/notebooks; one that is there already is left as it is. Returns the new ones."""
    target = case / "notebooks"
    target.mkdir(exist_ok=True)
    fresh = [f for f in sorted(shipped_folder("notebooks").glob("*.ipynb")) if not (target / f.name).exists()]
    return [Path(shutil.copyfile(f, target / f.name)) for f in fresh]


def in_order(case: Path) -> list[Path]:
    """The numbered notebooks of a case, first to last."""
    return sorted(f for f in (case / "notebooks").glob("[0-9][0-9]_*.ipynb") if f.stem not in NOT_RUN)


def run(case: Path) -> Iterator[Ran]:
    """Run the numbered notebooks of a case headless, in order, and keep their outputs in the case.

    Gives each notebook as it ends. Raises NotebookError with the notebook, the cell and the reason when one stops;
    its outputs up to there are kept.
    """
    read_config(case)
    copy_templates(case)
    files = in_order(case)
    if not files:
        raise CaseError(
            f"{case / 'notebooks'} holds no numbered notebook; copy them with: incident new ANOTHER-CASE"
        )
    for file in files:
        ran = run_one(file)
        record_activity(case, "run", notebook=file.name, seconds=round(ran.seconds, 1))
        yield ran


def run_one(file: Path) -> Ran:
    """Run one notebook where it lies and keep its outputs. Cells tagged `suggestion` are left out."""
    import nbformat
    import zmq
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if "suggestion" in cell.metadata.get("tags", ()):
                cell.metadata["kit_source"], cell.cell_type = "code", "raw"
    started = time.monotonic()
    # Widgets and progress bars have nobody to look at them; the kit asks for this name.
    os.environ["KIT_HEADLESS"] = "1"
    client = NotebookClient(
        notebook,
        timeout=None,
        iopub_timeout=120,  # seconds; after the default of 4 a busy machine loses the output of a cell unsaid
        raise_on_iopub_timeout=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(file.parent)}},
        store_widget_state=False,
        config=Config({"KernelManager": {"transport_encryption": "auto" if zmq.has("curve") else "disabled"}}),
    )
    try:
        client.execute()
    except CellExecutionError as e:
        raise NotebookError(_why(file, notebook, e.ename, e.evalue)) from None
    except CellTimeoutError:
        raise NotebookError(f"{file.name}: the output of a cell did not arrive; run it again.") from None
    except DeadKernelError:
        raise NotebookError(
            f"{file.name} lost its kernel, most likely for want of memory; free some and run again."
        ) from None
    finally:
        _save(notebook, file)
    done = sum(c.cell_type == "code" for c in notebook.cells)
    return Ran(file.name, done, time.monotonic() - started)


def _save(notebook: NotebookNode, file: Path) -> None:
    import nbformat

    for cell in notebook.cells:
        if cell.metadata.pop("kit_source", None):
            cell.cell_type, cell.outputs, cell.execution_count = "code", [], None
    new = file.with_suffix(".ipynb.new")
    nbformat.write(notebook, new)  # type: ignore[no-untyped-call]
    os.replace(new, file)


def _why(file: Path, notebook: NotebookNode, kind: str, message: str) -> str:
    section, where = "the opening cells", ""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown" and (heading := re.search(r"^## (.+)$", cell.source, re.M)):
            section = f"section “{heading[1].strip()}”"
        if cell.cell_type == "code" and cell.execution_count:
            where = f"cell {number}, in {section}"
    said = visible(ANSI.sub("", message).strip().split("\n")[0])
    return f"{file.name} stopped at {where}: {said if said.endswith('.') else f'{kind}: {said}'}"
