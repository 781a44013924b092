"""A paper's table of metrics: printed beside reproduced."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from semtok.papers import diagnostics_table
from semtok.papers.measured import MeasuredTable
from semtok.papers.metrics import expected_of_random, printed_back
from semtok.papers.quantities import MARKED, UNCERTIFIED
from semtok.papers.rendering import Grid, Text
from semtok.papers.results import Results
from semtok.papers.table_files import Table
from semtok.plan.figure_specs import METRIC_NAMES
from semtok.plan.metrics import METRICS
from semtok.plan.remarks import language_models, remarks
from semtok.plan.table_specs import Gain, RankingTable, Row
from semtok.plan.untrained import kind_of

EXPECTED_OF_RANDOM = "Random list, in expectation"
"""A method of the tidy numbers, beside the one list that was drawn."""


class RankingResults(MeasuredTable):
    """A ranking table and what stands in it."""

    def __init__(self, results: Results) -> None:
        self.table = table = results.spec(RankingTable)
        on_datasets = {dataset: [*table.rows_on(dataset), *table.untrained_rows] for dataset in table.datasets}
        super().__init__(
            results,
            {dataset: {row.tokenizer: row.label for row in rows} for dataset, rows in on_datasets.items()},
            [(metric, k) for metric in table.metrics for k in table.ks],
            table.optional_ks,
        )
        self.random: dict[str, dict[tuple[str, int], float]] = {
            dataset: {(metric, k): expected_of_random(metric, k, items) for metric in table.metrics for k in table.ks}
            for dataset in self.by_dataset
            if "random" in table.untrained and (items := results.origins[dataset].items)
        }
        """What a list in random order earns on average, by dataset, metric and k; none where no table shows it."""
        self.uncertified = results.uncertified

    def is_run(self, row: Row, dataset: str) -> bool:
        """Whether a row has runs on a dataset."""
        return bool(self.cell(dataset, row.tokenizer).runs)

    def printed(self, dataset: str, label: str, metric: str, k: int) -> float | None:
        """The printed number, or what it comes to where it is printed as another metric."""
        printed_as = METRICS[metric].printed_as
        number = super().printed(dataset, label, printed_as or metric, k)
        return printed_back(metric, number, k) if number is not None and printed_as else number


def make(results: Results) -> Table:
    """The methods in the paper's layout; below, what tokenizers and decoder measured about themselves."""
    shown = RankingResults(results)
    random = [
        {
            **{**results.keys(dataset), "source": results.origins[dataset].source},
            **{"method": EXPECTED_OF_RANDOM, "kind": "control", "metric": metric, "k": k, "mean": value},
        }
        for dataset, expected in shown.random.items()
        for (metric, k), value in expected.items()
    ]
    return Table(shown.tidy(random), grids(shown), [diagnostics_table.grid(results)])


def grids(shown: RankingResults) -> list[Grid]:
    """The layout of the paper, one grid per block: a row for each method and metric, and for each k both numbers."""
    blocks = shown.table.blocks or [shown.table.datasets]
    caption = shown.results.caption
    titles = [
        f"{caption.removesuffix('.')}: {', '.join(datasets)}." if len(blocks) > 1 else caption for datasets in blocks
    ]
    notes = [*([] for _ in blocks[1:]), _notes(shown)]
    return [_grid(shown, *block) for block in zip(titles, blocks, notes, strict=True)]


def _grid(shown: RankingResults, caption: str, datasets: Sequence[str], notes: list[str]) -> Grid:
    table = shown.table
    columns: list[tuple[str, ...]] = [("", "", "Methods"), ("", "", "Metrics")]
    for dataset in datasets:
        about = shown.results.content.about(dataset)
        ours = shown.results.heading([dataset] if dataset in shown.by_dataset else [])
        # Who reads one column of a stand-in must see that the two numbers are of two datasets.
        pair = (f"paper, {about.stands_for}", f"{ours}, {about.runs_on}") if about.stands_for else ("paper", ours)
        above = dataset if len(datasets) > 1 or about.stands_for else ""
        columns += [(above, f"@{k}", column) for k in table.ks for column in pair]

    def lines(label: Text, pair_of: Callable[[str, str, int], tuple[Text, Text]]) -> Iterator[list[Text]]:
        for i, metric in enumerate(table.metrics):
            numbers = [text for dataset in datasets for k in table.ks for text in pair_of(dataset, metric, k)]
            yield [Text("") if i else label, Text(METRIC_NAMES[metric]), *numbers]

    rows: list[list[Text]] = []
    for row in table.rows:
        if any(map(row.stands_on, datasets)):
            rows += lines(Text(row.label, latex=row.latex), partial(_row_pair, shown, row))
    for gain in table.gains:
        rows += lines(Text(gain.label), partial(_gain_pair, shown, gain))
    rules = list(range(0, len(rows), len(table.metrics)))
    below = [row for row in table.untrained_rows if any(shown.is_run(row, dataset) for dataset in datasets)]
    if below:
        rules.append(len(rows))
        rows.append([Text("Without training"), *[Text("")] * (len(columns) - 1)])
    for row in below:
        rows += lines(Text(row.label), partial(_row_pair, shown, row))
    made_up = shown.results.warning(dataset for dataset in datasets if dataset in shown.by_dataset)
    warning = " ".join(filter(None, [made_up, *shown.results.stand_ins(datasets)]))
    grid = Grid(caption, columns, rows, 2, rules, warning, notes)
    return grid if len(shown.results.printed) else grid.without("paper")


def _row_pair(shown: RankingResults, row: Row, dataset: str, metric: str, k: int) -> tuple[Text, Text]:
    """The printed and the reproduced number of a method; bold is the best of a column, of those that are trained."""
    if not row.stands_on(dataset):
        return Text(""), Text("")
    is_compared = kind_of(row.tokenizer) == "trained"
    column = [shown.entries[dataset, other.tokenizer, metric, k] for other in shown.table.rows_on(dataset)]
    entry = shown.entries[dataset, row.tokenizer, metric, k]

    def is_best(key: str) -> bool:
        found = [other[key] for other in column if other.get(key) is not None]
        return is_compared and entry.get(key) is not None and entry[key] == max(found)

    printed, ours = shown.pair(dataset, row.tokenizer, metric, k)
    mark = UNCERTIFIED if (dataset, row.tokenizer) in shown.uncertified and "mean" in entry else ""
    ours = replace(ours, plain=ours.plain + mark, bold=is_best("mean") and not mark)
    return replace(printed, bold=is_best("printed")), ours


def _gain_pair(shown: RankingResults, gain: Gain, dataset: str, metric: str, k: int) -> tuple[Text, Text]:
    """The printed and the reproduced improvement in percent."""
    number = shown.printed(dataset, gain.label, metric, k)
    printed = Text("—" if number is None else f"{number:.2f}%")
    better, worse = (_best(shown, dataset, names, metric, k) for names in (gain.of, gain.over))
    if better is None or worse is None:
        return printed, Text("—")
    measured = shown.by_dataset[dataset]
    estimate = measured.bootstrap.estimate(measured.gain(better, worse, [(metric, k)]))
    if not math.isfinite(estimate.value):
        return printed, Text("—")
    return printed, Text(f"{estimate.value:+.2f}%", f"[{estimate.low:+.1f}, {estimate.high:+.1f}]")


def _best(shown: RankingResults, dataset: str, names: Sequence[str], metric: str, k: int) -> str | None:
    """The method with the highest mean; None if none of them was run with a beam that is certified."""
    certified = [name for name in names if (dataset, name) not in shown.uncertified]
    means = {name: shown.entries[dataset, name, metric, k].get("mean") for name in certified}
    present = {name: mean for name, mean in means.items() if mean is not None}
    return max(present, key=lambda name: present[name]) if present else None


def _notes(shown: RankingResults) -> list[str]:
    results, table = shown.results, shown.table
    built = [cell for cell in results.cells if cell.runs and kind_of(cell.tokenizer) == "trained"]
    notes = []
    for dataset, measured in shown.by_dataset.items():
        seeds = " or ".join(map(str, sorted({len(cell.runs) for cell in built if cell.dataset == dataset})))
        counts = f"{measured.targets:,} test targets" + (
            f", {seeds} seed{'s' if seeds != '1' else ''}" if seeds else ""
        )
        notes.append(f"{results.describe(dataset)} {counts}.")
    notes.append(
        f"Ours: mean over seeds, in brackets the {results.uncertainty.confidence:.0%} interval over users"
        " (resampled) and seeds; bold is the best of a column."
    )
    if any(len(cell.runs) == 1 for cell in built):
        notes.append("With one seed the interval does not hold the noise of training.")
    notes += [f"{METRICS[name].label}: {METRICS[name].note}." for name in table.metrics if METRICS[name].note]
    notes += _budgets(shown)
    read = dict.fromkeys(cell.recommender for cell in built if cell.recommender)
    notes += [f"Recommender {words}." for words in read]
    notes += _choices(shown)
    notes += results.notes_on(table.datasets)
    notes += [f"{row.label}: {row.note}" for row in table.rows if row.note]
    notes += _about_untrained(shown)
    for gain in table.gains:
        of, over = ("the best of " + ", ".join(n) if len(n) > 1 else n[0] for n in (gain.of, gain.over))
        notes.append(f"{gain.label}: {of} over {over}, in percent.")
    if shown.uncertified:
        notes.append(MARKED)
    if "recovered_secondary" in results.printed.provenances(results.name):
        notes.append("Printed numbers: from a third party's transcription of the paper; the original cells are lost.")
    return [*notes, *language_models(results.cells), *remarks(results.cells), *_empty(shown)]


def _about_untrained(shown: RankingResults) -> list[str]:
    """What the rows are that nobody trains, and what a random list earns in expectation."""
    results, table = shown.results, shown.table
    words = {cell.tokenizer: cell.recommender for cell in results.cells if cell.runs}
    notes = [f"{row.label}: {words[row.tokenizer]}" for row in table.untrained_rows if row.tokenizer in words]
    if notes:
        below = "Below the rule stands what nobody trained, on the same targets and from whole histories"
        notes.insert(0, f"{below}; it is in no comparison.")
    floors = [
        f"{METRIC_NAMES[metric]}@{k} {value:.4f}" + (f" on {dataset}" if len(shown.by_dataset) > 1 else "")
        for dataset, expected in shown.random.items()
        for (metric, k), value in expected.items()
    ]
    return [*notes, f"In expectation a random list has {', '.join(floors)}."] if floors else notes


def _budgets(shown: RankingResults) -> list[str]:
    """How long the tokenizers were trained; by row, and where a row's datasets differ by dataset, unless all agree."""
    labels = shown.table.labels
    trained = [cell for cell in shown.results.cells if cell.budget]
    found: dict[str, dict[str, None]] = {}
    for cell in trained:
        of_row = {other.budget for other in trained if other.tokenizer == cell.tokenizer}
        label = labels[cell.tokenizer] if len(of_row) == 1 else f"{labels[cell.tokenizer]} on {cell.dataset}"
        found.setdefault(cell.budget, {})[label] = None
    if len(found) == 1:
        return [f"Every tokenizer that learns was trained for {next(iter(found))}."]
    spent = (f"{budget} ({', '.join(rows)})" for budget, rows in found.items())
    return [f"Tokenizers were trained for {'; '.join(spent)}."] if found else []


def _choices(shown: RankingResults) -> list[str]:
    """What was chosen by validation, for each recommender and dataset."""
    notes = []
    for cell in shown.results.cells:
        path = shown.results.files.get("choice", {}).get(cell.runs[0]) if cell.has_choice else None
        if path is not None:
            found = json.loads(path.read_text(encoding="utf-8"))
            values = ", ".join(f"{key} {value}" for key, value in found["chosen"].items())
            chosen = f"{values} (Recall@10 of {found['recall@10']:.4f} on validation, in epoch {found['epoch']})"
            notes.append(f"Chosen for {cell.runs[0].recommender} on {cell.dataset}: {chosen}.")
    return list(dict.fromkeys(notes))


def _empty(shown: RankingResults) -> list[str]:
    """Why cells are empty, each reason with the row that it leaves empty unless it is about several."""
    labels = shown.table.labels
    rows_by_reason: dict[str, set[str]] = {}
    narrow = set()
    for cell in shown.results.cells:
        if not cell.runs:
            rows_by_reason.setdefault(cell.missing, set()).add(labels[cell.tokenizer])
            continue
        narrow |= {reason for k in shown.table.ks if (reason := shown.missing(cell, k))}
    whole = len(labels) == 1
    reasons = [
        f"Not run: {reason}." if whole or len(rows) > 1 else f"Not run: {rows.pop()}, {reason}."
        for reason, rows in rows_by_reason.items()
    ]
    return [*reasons, *(f"{reason.capitalize()}." for reason in sorted(narrow))]
