"""The report as a person sees it: in a browser."""

import subprocess

import pytest

from support.browser import BROWSER, command


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_the_report_opens_in_a_browser(finished, tmp_path):
    finished.snakemake("--report", "results/report.html")
    report = finished.root / "results/report.html"
    picture = tmp_path / "report.png"
    page = subprocess.run(
        [*command(tmp_path), "--dump-dom", report.as_uri()], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    # What React drew, not the script that carries it: the folder of the paper in the menu, the warning on the front.
    drawn = page.split('id="root"')[-1]
    assert "made-up world" in drawn
    assert "cost" in drawn
    take = [*command(tmp_path), f"--screenshot={picture}", report.as_uri()]
    subprocess.run(take, capture_output=True, timeout=120, check=True)
    assert picture.stat().st_size > 10_000
