"""Several runs on one page: what they say together, and how they are read, kept and named on the command line."""

import re
import shutil
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

from semtok.compare import main as compare
from semtok.errors import DataError
from semtok.papers.scoreboard import write_scoreboard
from semtok.papers.workflow_run import read_run
from support.made_up_run import claims_of
from support.project import ROOT


def run_with(run, claims):
    """A run that says of each claim its verdict and source."""
    first = run.claims.iloc[0].to_dict()
    rows = [first | {"id": name, "verdict": verdict, "source": source} for name, (verdict, source) in claims.items()]
    return replace(run, claims=pd.DataFrame(rows))


OPEN = ("inconclusive", "not run")


@pytest.mark.parametrize(
    ("verdicts", "state", "reason"),
    [
        (["inconclusive", "not reproduced"], "not reproduced", "Not reproduced: BEA; inconclusive: NYC; not run: TKY."),
        (["reproduced", "reproduced"], "reproduced in part", "Reproduced: NYC, BEA; not run: TKY."),
        # The demo's made-up data beside a real run.
        (["reproduced", "synthetic"], "reproduced in part", "Reproduced: NYC; not run: BEA, TKY."),
        (["synthetic", "synthetic"], "synthetic", ""),
    ],
)
def test_parts_of_a_claim_that_different_runs_have(runs, tmp_path, verdicts, state, reason):
    """Each run has one dataset and leaves out two; the joint verdict is that of all, in whatever order they stand."""
    made = []
    for folder, name, verdict in zip(runs, ("NYC", "BEA"), verdicts, strict=True):
        source = "synthetic" if verdict == "synthetic" else "mirror"
        claims = {"M-1": (verdict, f"{source}; not run"), "M-1.NYC": OPEN, "M-1.BEA": OPEN, "M-1.TKY": OPEN}
        made.append(run_with(read_run(folder), claims | {f"M-1.{name}": (verdict, source)}))
    for order in (made, made[::-1]):
        write_scoreboard(order, tmp_path / "page.html")
        found = claims_of(tmp_path / "page.html")
        if state == "synthetic":
            assert found == []
            assert "Synthetic data: no verdict on 1 claim" in (tmp_path / "page.html").read_text()
            continue
        ((attributes, summary),) = found
        assert f'data-state="{state}"' in attributes
        assert reason in summary


def test_real_parts_beside_made_up_ones_in_one_run(runs, tmp_path):
    claims = {"M-1": ("synthetic", "mirror; synthetic"), "M-1.A": ("reproduced", "mirror"), "M-1.B": ("synthetic",) * 2}
    write_scoreboard([run_with(read_run(runs[0]), claims)], tmp_path / "page.html")
    ((attributes, _),) = claims_of(tmp_path / "page.html")
    assert 'data-state="reproduced in part"' in attributes


def test_a_claim_that_was_put_in_parts_since(runs, tmp_path):
    """An older run that has it as a whole counts until its parts are run; parts that are gone count for nothing."""
    whole = run_with(read_run(runs[0]), {"M-1": ("not reproduced", "mirror")})
    for parts, state in (
        ({"M-1.A": OPEN, "M-1.B": OPEN}, "not reproduced"),
        ({"M-1.A": ("reproduced", "mirror"), "M-1.B": ("reproduced", "mirror")}, "reproduced"),
    ):
        newer = run_with(read_run(runs[1]), {"M-1": OPEN, **parts})
        for order in ([whole, newer], [newer, whole]):
            write_scoreboard(order, tmp_path / "page.html")
            assert f'data-state="{state}"' in claims_of(tmp_path / "page.html")[0][0]
    older = run_with(read_run(runs[0]), {"M-1": ("not reproduced", "mirror"), "M-1.GONE": ("not reproduced", "mirror")})
    write_scoreboard([older, newer], tmp_path / "page.html")
    assert 'data-state="reproduced"' in claims_of(tmp_path / "page.html")[0][0]


def test_an_archive_says_the_same_as_its_folder(runs, pages, tmp_path):
    with zipfile.ZipFile(tmp_path / "first.zip", "w") as archive:
        for path in (path for path in runs[0].rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(runs[0]))
    write_scoreboard([read_run(tmp_path / "first.zip")], tmp_path / "page.html")
    assert claims_of(tmp_path / "page.html") == claims_of(pages / "one.html")
    assert '<polyline points="0.0,0.0 150.0,50.0"/>' in (tmp_path / "page.html").read_text()


def test_a_folder_without_claims_or_tables_is_no_run(tmp_path):
    with pytest.raises(DataError, match=r"found no papers/PAPER/claims.csv and no table of rankings"):
        read_run(tmp_path)


def test_the_command_compares_runs(runs, pages, tmp_path, capsys):
    compare([*map(str, runs), "--output", str(tmp_path / "page.html")])
    assert capsys.readouterr().out == f"{tmp_path / 'page.html'}\n"
    assert claims_of(tmp_path / "page.html") == claims_of(pages / "two.html")


def test_a_kept_run_has_the_same_page(runs, pages, tmp_path):
    """But for the files, of which the tables' CSV is kept."""
    kept = tmp_path / "kept" / "first"
    compare([str(runs[0]), "--output", str(tmp_path / "before.html"), "--keep", str(kept)])
    assert sorted(path.name for path in kept.rglob("*.*")) == [
        *("behind.json", "claims-comparisons.csv", "claims.csv", "table2.csv")
    ]
    compare([str(kept), "--output", str(tmp_path / "after.html")])
    before, after = ((tmp_path / name).read_text() for name in ("before.html", "after.html"))
    in_results, in_kept = (
        page[page.index("<h3>Files") : page.index("</ul>", page.index("<h3>Files"))] for page in (before, after)
    )
    assert before.replace(in_results, "") == after.replace(in_kept, "")
    assert re.findall('href="([^"]*)"', in_kept) == ["kept/first/papers/cost/table2.csv"]
    # Kept once more, nothing changes.
    compare([str(kept), "--output", str(tmp_path / "again.html"), "--keep", str(tmp_path / "again")])
    for path in kept.rglob("*.*"):
        assert (tmp_path / "again" / path.relative_to(kept)).read_bytes() == path.read_bytes()


def test_the_page_of_all_verdicts_is_that_of_the_kept_runs(tmp_path):
    """By the command that docs/provenance.md has."""
    (command,) = re.findall(
        r"python -m semtok\.compare (.*) --output docs/results/verdicts\.html",
        (ROOT / "docs/provenance.md").read_text(),
    )
    folders = [ROOT / name for name in command.split()]
    assert {folder.name for folder in folders} == {path.name for path in (ROOT / "docs/results/runs").iterdir()}
    # Links go from the page to the tables.
    shutil.copytree(ROOT / "docs/results/runs", tmp_path / "runs")
    places = [str(tmp_path / "runs" / folder.name) for folder in folders]
    compare([*places, "--output", str(tmp_path / "verdicts.html")])
    assert (tmp_path / "verdicts.html").read_text() == (ROOT / "docs/results/verdicts.html").read_text()


def test_one_run_is_kept_at_a_time(runs, tmp_path, capsys):
    with pytest.raises(SystemExit):
        compare([*map(str, runs), "--keep", str(tmp_path / "kept")])
    assert "--keep: expected one run" in capsys.readouterr().err
    once = [str(runs[0]), "--output", str(tmp_path / "page.html"), "--keep", str(tmp_path / "kept")]
    compare(once)
    with pytest.raises(SystemExit, match="kept: found a run that was kept before; expected a new folder"):
        compare(once)


@pytest.mark.parametrize(("name", "said"), [("nothing.zip", "No such file"), ("broken.zip", "not a zip file")])
def test_the_command_says_what_it_cannot_read(tmp_path, name, said):
    (tmp_path / "broken.zip").write_text("no archive")
    with pytest.raises(SystemExit, match=rf"error: .*{said}"):
        compare([str(tmp_path / name)])
