"""The report as a person sees it: in a browser."""

import shutil
import subprocess

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_the_report_opens_in_a_browser(finished, tmp_path):
    finished.snakemake("--report", "results/report.html")
    report = finished.root / "results/report.html"
    picture = tmp_path / "report.png"
    command = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000"]
    page = subprocess.run(
        [*command, "--dump-dom", report.as_uri()], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    # What React drew, not the script that carries it: the folder of the paper in the menu, the warning on the front.
    drawn = page.split('id="root"')[-1]
    assert "made-up world" in drawn
    assert "cost" in drawn
    subprocess.run([*command, f"--screenshot={picture}", report.as_uri()], capture_output=True, timeout=120, check=True)
    assert picture.stat().st_size > 10_000
