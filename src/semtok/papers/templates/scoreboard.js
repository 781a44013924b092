"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (id) => document.getElementById(id);

// The order of two cells. Digits behind the point are no number of their own: 0.006 is more than 0.0032.
function compare(x, y, areNumbers, sign) {
  if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1); // empty cells last
  return sign * (areNumbers ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true }));
}

// Claims: by verdict, paper, words, and whether runs differ.
const toggles = all("button[data-state]");
function showClaims() {
  const states = toggles.filter((b) => b.ariaPressed === "true").map((b) => b.dataset.state);
  const words = one("words").value.toLowerCase(), paper = one("paper").value;
  const changed = one("changed") && one("changed").checked;
  let shown = 0;
  for (const claim of all("details.claim")) {
    const fits = states.includes(claim.dataset.state) && (!paper || claim.dataset.paper === paper) &&
      (!changed || claim.dataset.changed === "true") && claim.textContent.toLowerCase().includes(words);
    claim.hidden = !fits;
    shown += fits;
  }
  one("claims-shown").value = `${shown} claims`;
}
for (const button of toggles) {
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    showClaims();
  });
}
for (const id of ["paper", "words", "changed"]) if (one(id)) one(id).addEventListener("input", showClaims);

// Cells: filters, and sorting by any column.
const body = one("cells").tBodies[0], filters = all("select.filter");
const text = (row, column) => row.cells[column].textContent;
function showCells() {
  let shown = 0;
  const changed = one("cells-changed") && one("cells-changed").checked;
  for (const row of body.rows) {
    row.hidden = filters.some((f) => f.value && text(row, Number(f.dataset.column)) !== f.value) ||
      (changed && ["", "0"].includes(row.cells[row.cells.length - 1].textContent));
    shown += !row.hidden;
  }
  one("cells-shown").value = `${shown} rows`;
}
for (const filter of filters) filter.addEventListener("input", showCells);
if (one("cells-changed")) one("cells-changed").addEventListener("input", showCells);
all("#cells thead th").forEach((head, column) => {
  const button = head.querySelector("button");
  if (!button) return;
  button.addEventListener("click", () => {
    // Numbers begin with the largest.
    const areNumbers = head.classList.contains("number");
    const first = areNumbers ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.ariaSort === first ? other : first;
    for (const each of all("#cells thead th[aria-sort]")) each.ariaSort = "none";
    head.ariaSort = order;
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => compare(text(a, column), text(b, column), areNumbers, sign));
    body.append(...rows);
  });
});
one("download").addEventListener("click", () => {
  const quoted = (cell) => `"${cell.textContent.trim().replaceAll('"', '""')}"`;
  const rows = [one("cells").tHead.rows[0], ...body.rows].filter((row) => !row.hidden);
  const csv = rows.map((row) => [...row.cells].map(quoted).join(",")).join("\n") + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  link.download = "semtok.csv";
  link.click();
});

// What is behind a row is open where its name leads to it.
function openTarget() {
  const target = one(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
