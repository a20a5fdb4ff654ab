"""How long a person waits for the first chart of 01, and for `import kit`, in real JupyterLab.

python benchmarks/bench_notebook.py [--case FOLDER] [--repeat 3]      without --case: the sample, loaded first

From the click on the start page to the chart on the screen, kernel start included, in headless Chromium with the
network cut; the best of the repeats. Marks: 5 s on the sample, 10 s on 10M rows; import within 0.6 s, best of 5.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

import driver  # noqa: E402

from kit.notebooks import copy_templates  # noqa: E402

NOTEBOOK = "01_volume_analysis.ipynb"
CHART = f"() => document.querySelector('{driver.PANEL} .jp-RenderedVegaCommon5 canvas')"


def loaded_sample(folder: Path) -> Path:
    """The sample incident as a case."""
    case = folder / "INC-2026-001"
    for step in (["new", case], ["load", case, ROOT / "sample_data" / "incident" / "exports"]):
        subprocess.run([sys.executable, "-m", "kit", *step], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return case


def first_chart(case: Path) -> tuple[float, float]:
    """Seconds from the click to the kernel, and to the first chart; the notebook is a fresh copy."""
    (case / "notebooks" / NOTEBOOK).unlink(missing_ok=True)
    copy_templates(case)
    with driver.browser() as opened, driver.served(case) as address:
        lab = driver.Lab(opened, address)
        started = time.monotonic()
        lab.open(NOTEBOOK)
        kernel = time.monotonic() - started
        lab.menu("Run", "Run All Cells")
        lab.page.wait_for_function(CHART, timeout=300_000)
        return kernel, time.monotonic() - started


def import_seconds() -> float:
    """Seconds that `import kit` takes in a fresh Python, without the start of Python itself."""
    code = "import time; t = time.perf_counter(); import kit; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"import kit            {min(import_seconds() for _ in range(5)):.2f} s")
    with tempfile.TemporaryDirectory() as scratch:
        case = options.case or loaded_sample(Path(scratch))
        runs = [first_chart(case) for _ in range(options.repeat)]
    kernel, chart = min(runs, key=lambda run: run[1])
    print(f"kernel ready          {kernel:.1f} s")
    print(f"first chart           {chart:.1f} s   (all: {', '.join(f'{c:.1f}' for _, c in runs)})")


if __name__ == "__main__":
    main()
