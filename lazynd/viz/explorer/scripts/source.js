// The user's source beside the graph: a line leads to its nodes, a node to its line.
"use strict";

/** "file:line" -> how many nodes, FLOPs, bytes or milliseconds it stands for. */
function weightsOfLines() {
  const measure = state.heat === "none" ? "count" : state.heat;
  const weights = new Map();
  for (const slot of state.scene.slots) {
    const { file, line } = slot.record;
    if (!slot.parent || file === undefined || file === null || isInput(slot.record)) continue;
    const key = `${file}:${line}`;
    weights.set(key, (weights.get(key) || 0) + (numberOf(slot, measure) || 0));
  }
  return weights;
}

function startSource() {
  const home = document.getElementById("lines");
  view.files.forEach((file, number) => {
    const numbers = Object.keys(file.lines).map(Number).sort((a, b) => a - b);
    const texts = numbers.map((line) => file.lines[line]);
    const indent = Math.min(...texts.filter((text) => text.trim()).map((text) => text.match(/^\s*/)[0].length), 40);
    const used = new Set();
    for (const record of Object.values(view.nodes)) if (record.file === number) used.add(record.line);
    const list = h("ol", {});
    numbers.forEach((line, i) => {
      if (i && line > numbers[i - 1] + 1) list.append(h("li", { class: "gap", "aria-hidden": "true" }, "⋮"));
      const inner = [h("i", {}, String(line)), h("span", {}, texts[i].slice(indent))];
      const what = used.has(line) ? h("button", { class: "code", "data-at": `${number}:${line}`, title: texts[i].trim(), onclick: () => pickLine(number, line) }, inner) : h("div", { class: "code" }, inner);
      list.append(h("li", {}, what));
    });
    home.append(h("h3", {}, file.name), list);
  });
  if (!view.files.length) home.append(h("p", { class: "empty", style: "padding: 0 16px" }, "No source: this graph names no lines."));
  roving(home, "button.code");
}

function weighLines() {
  const weights = weightsOfLines();
  const most = Math.max(1e-9, ...weights.values());
  for (const button of document.querySelectorAll("button.code")) {
    button.style.setProperty("--share", (weights.get(button.dataset.at) || 0) / most);
  }
}

/** Marks the line of what is selected, and shows it. */
function markLine(scroll) {
  const slot = state.selected && (state.selected.leaf ? state.selected : state.selected.slot || (state.selected.what === "line" || state.selected.what === "operator" ? firstOf(state.selected) : null));
  const at = state.line || (slot && slot.record.file !== undefined && slot.record.file !== null ? slot.record : null);
  for (const button of document.querySelectorAll("button.code")) {
    const current = Boolean(at) && button.dataset.at === `${at.file}:${at.line}`;
    button.classList.toggle("current", current);
    if (current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (current && scroll) button.scrollIntoView({ block: "nearest" });
  }
}

/** Selects one of the user's lines: its nodes are marked, the first of them brought into view. */
function pickLine(file, line) {
  if (state.line && state.line.file === file && state.line.line === line) {
    state.line = null;
    tell("selection");
    return;
  }
  state.line = { file, line };
  state.selected = null;
  showTab("node");
  const box = slotsOfLine(file, line).map((slot) => drawing.boxes.get(standIn(slot).id)).find(Boolean);
  if (box) bringIntoView(box);
  tell("selection");
}

/** Marks the items of the selected line. */
function markItems() {
  const linked = state.line ? new Set(slotsOfLine(state.line.file, state.line.line).map((slot) => standIn(slot).id)) : null;
  for (const [id, { element }] of drawing.cards) {
    element.classList.toggle("linked", Boolean(linked) && linked.has(id));
    element.classList.toggle("found", Boolean(state.found) && state.found.has(id));
  }
}
