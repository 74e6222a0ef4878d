// The panel that says what is shown: the kinds of groups, of inputs and of operators.
"use strict";

const GROUP_WORDS = { phase: "forward, gradient, update", block: "blocks", operator: "recorded operators", repeat: "repeated segments", line: "source lines", stretch: "long stretches" };

function startShow() {
  const checks = h("div", { class: "checks" }, Object.entries(GROUP_WORDS).map(([key, word]) => h("label", {}, h("input", { type: "checkbox", "data-by": key, checked: state.by[key], onchange: (event) => regroup(key, event.target.checked) }), word)));
  const kinds = h("div", { class: "checks" }, ["data", "parameter", "number", "constant"].map((kind) => h("label", {}, h("input", { type: "checkbox", "data-kind": kind, checked: !state.hiddenKinds.has(kind), onchange: (event) => hide(state.hiddenKinds, kind, !event.target.checked) }), `${kind}${kind === "data" ? "" : "s"}`)));
  document.getElementById("pane-show").append(section("Group by", checks), section("Inputs and constants", kinds), h("div", { class: "section", id: "operators" }));
}

function regroup(key, on) {
  state.by = { ...state.by, [key]: on };
  state.selected = null;
  tell("stage");
}

function hide(set, name, hidden) {
  if (hidden) set.add(name);
  else set.delete(name);
  state.hiding += 1;
  tell("structure");
}

function renderShow() {
  const offset = state.stage - state.scene.first;
  const counts = new Map();
  for (const slot of state.scene.slots) {
    if (isInput(slot.record) || !((slot.mask >> offset) & 1)) continue;
    counts.set(slot.record.operator, (counts.get(slot.record.operator) || 0) + 1);
  }
  for (const name of state.hiddenOperators) if (!counts.has(name)) counts.set(name, 0);
  const found = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const most = Math.max(1, ...counts.values());
  const row = ([name, count]) => [
    h("label", {}, h("input", { type: "checkbox", "data-operator": name, checked: !state.hiddenOperators.has(name), onchange: (event) => hide(state.hiddenOperators, name, !event.target.checked) }), h("span", {}, name)),
    h("output", {}, grouped(count)),
    bar(count / most),
  ];
  const all = state.hiddenOperators.size ? h("button", { class: "link", onclick: () => { state.hiddenOperators.clear(); state.hiding += 1; tell("structure"); } }, "Show all") : "";
  document.getElementById("operators").replaceChildren(h("h4", {}, "Operators", all), h("div", { class: "bars" }, found.flatMap(row)));
}
