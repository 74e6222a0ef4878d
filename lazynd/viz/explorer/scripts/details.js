// The panel about what is selected, and the tabs beside it.
"use strict";

const LISTED = 60;

function showTab(name) {
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const on = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
  }
}

function startTabs() {
  const list = document.querySelector('[role="tablist"]');
  const tabs = () => [...list.querySelectorAll('[role="tab"]:not([hidden])')];
  for (const tab of tabs()) tab.onclick = () => showTab(tab.id.slice(4));
  list.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = tabs();
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    showTab(next.id.slice(4));
    next.focus();
  };
}

function section(title, ...children) {
  return h("div", { class: "section" }, h("h4", {}, title), ...children);
}

function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** A button that leads to an item. */
function itemRow(item, note) {
  const { title } = wordsOf(item);
  const small = item.leaf ? [item.scope.join("."), placeOf(item.record)].filter(Boolean).join("  ·  ") : item.detail;
  return h("li", {}, h("button", { class: "row", onclick: () => jumpTo(item) }, h("b", {}, title), h("span", {}, note || ""), small ? h("small", {}, small) : null));
}

function rows(items, note) {
  const list = h("ul", { class: "rows" }, items.slice(0, LISTED).map((item) => itemRow(item, note ? note(item) : "")));
  if (items.length > LISTED) list.append(h("li", { class: "muted" }, `and ${grouped(items.length - LISTED)} more`));
  return list;
}

function renderDetails() {
  const pane = document.getElementById("pane-node");
  const item = state.selected;
  pane.replaceChildren(...(item ? (item.leaf || item.what === "body" ? nodeDetails(item) : groupDetails(item)) : lineOrGraph()));
}

function lineOrGraph() {
  if (!state.line) return groupDetails(state.root);
  const { file, line } = state.line;
  const slots = slotsOfLine(file, line);
  return [
    h("div", { class: "pane-title" }, h("h3", {}, `${view.files[file].name}:${line}`)),
    h("pre", {}, lineText(file, line)),
    section(plural(slots.length, "node"), rows(slots, (slot) => slot.record.types[0])),
  ];
}

function nodeDetails(item) {
  const slot = item.leaf ? item : item.slot;
  const record = recordAt(slot);
  const status = statusOf(slot, state.scene, state.stage);
  const parts = [
    h("div", { class: "pane-title" }, h("h3", {}, titleOf(record)), h("span", { class: `pill ${record.kind}` }, record.kind), status ? h("span", { class: `pill ${status}` }, status) : null),
    crumbs(item),
    facts([
      ["operator", record.name && record.operator ? record.operator : record.operator.startsWith("ir.") ? `${record.operator}, a primitive` : null],
      [record.types.length > 1 ? "results" : "result", h("span", { class: "mono" }, record.types.join(", "))],
      ["line", placeOf(record) ? h("button", { class: "link", onclick: () => pickLine(record.file, record.line) }, placeOf(record)) : null],
      ["number", slot.ids[state.stage - state.scene.first]],
    ]),
    costFacts(record),
  ];
  const parameters = Object.entries(record.parameters || {});
  if (parameters.length) parts.push(section("Parameters", facts(parameters.map(([name, value]) => [name, h("span", { class: "mono" }, String(value))]))));
  const change = changeOf(slot);
  if (change) parts.push(section("In this pass", changeCard(change)));
  parts.push(...neighbours(slot));
  const origin = (record.origin || EMPTY).filter((id) => !slot.ids.includes(id));
  if (origin.length) parts.push(section("Comes from", h("ul", { class: "rows" }, origin.slice(0, 12).map((id) => h("li", {}, h("button", { class: "row", onclick: () => goToRecorded(id) }, h("b", {}, titleOf(view.nodes[id])), h("span", {}, `${id}, as recorded`)))))));
  const fused = clustersOfSlot(slot);
  if (fused.length) parts.push(section("Fused in", h("ul", { class: "rows" }, fused.map(clusterRow))));
  return parts.filter(Boolean);
}

function crumbs(item) {
  const path = pathOf(item).slice(1);
  if (!path.length) return null;
  const parts = path.flatMap((group, i) => [i ? " › " : "", h("button", { class: "link", onclick: () => select(group, true) }, wordsOf(group).title)]);
  return h("p", { class: "muted" }, parts);
}

function costFacts(record) {
  if (isInput(record)) return facts([["bytes", scaled(record.bytes, "B")]]);
  const formula = record.formula && record.flops ? h("small", { class: "mono" }, `= ${record.formula}`) : null;
  return facts([
    ["FLOPs", record.flops === undefined || record.flops === null ? "not known" : h("span", {}, grouped(record.flops), formula)],
    ["bytes", scaled(record.bytes, "B")],
    ["time", record.milliseconds === undefined || record.milliseconds === null ? null : MEASURES.milliseconds.show(record.milliseconds)],
  ]);
}

/** What a slot reads and who reads it, at the stage shown. */
function neighbours(slot) {
  const now = 1 << (state.stage - state.scene.first);
  const line = (edge, other) => {
    const type = recordAt(edge.from).types[edge.output] || "";
    return itemRow(other.item, edge.output ? `result ${edge.output}  ${type}` : type);
  };
  const reads = slot.inputs.filter((edge) => edge.mask & now);
  const readers = slot.readers.filter((edge) => edge.mask & now);
  const parts = [];
  if (reads.length) parts.push(section(`Reads ${plural(reads.length, "value")}`, h("ul", { class: "rows" }, reads.slice(0, LISTED).map((edge) => line(edge, edge.from)))));
  if (readers.length) {
    const list = h("ul", { class: "rows" }, readers.slice(0, LISTED).map((edge) => line(edge, edge.to)));
    if (readers.length > LISTED) list.append(h("li", { class: "muted" }, `and ${grouped(readers.length - LISTED)} more`));
    parts.push(section(`Read by ${grouped(readers.length)}`, list));
  } else if (slot.result & now) parts.push(section("Read by", h("p", { class: "muted" }, "nobody in the graph: it is a result of it")));
  return parts;
}

function groupDetails(group) {
  const isRoot = group === state.root;
  const open = state.open.has(group.id);
  const { title, second } = wordsOf(group);
  const slots = [...group.slots()].filter((slot) => statusOf(slot, state.scene, state.stage) !== null && !isInput(slot.record));
  const byOperator = [...byKey(slots, (slot) => slot.record.operator)].sort((a, b) => b[1].length - a[1].length);
  const most = byOperator.length ? byOperator[0][1].length : 1;
  const bars = h("div", { class: "bars" }, byOperator.slice(0, 14).flatMap(([name, found]) => [h("div", {}, h("span", {}, shortName(name))), h("output", {}, grouped(found.length)), bar(found.length / most)]));
  const parts = [
    h("div", { class: "pane-title" }, h("h3", {}, isRoot ? view.title : title), isRoot ? null : h("span", { class: `pill ${kindOf(group)}` }, group.what)),
    isRoot ? null : crumbs(group),
    group.what === "line" && group.detail ? h("pre", {}, group.detail) : null,
    facts([
      ["nodes", grouped(amount(group, "count") || 0)],
      ["FLOPs", amount(group, "flops") === null ? null : grouped(amount(group, "flops"))],
      ["bytes of results", amount(group, "bytes") === null ? null : scaled(amount(group, "bytes"), "B")],
      ["time", amount(group, "milliseconds") === null ? null : MEASURES.milliseconds.show(amount(group, "milliseconds"))],
      ["repeats", group.times ? `${grouped(group.times)} times ${second}` : null],
    ]),
    isRoot ? null : h("button", { class: "plain", onclick: () => toggle(group) }, open ? "Close this group" : "Open this group"),
    section("Operators", bars),
  ];
  if (byOperator.length > 14) parts.push(h("p", { class: "muted" }, `and ${byOperator.length - 14} further operators`));
  if (isRoot) parts.push(graphEnds());
  return parts.filter(Boolean);
}

function bar(share) {
  const made = h("div", { class: "bar", "aria-hidden": "true" }, h("i", {}));
  made.firstChild.style.width = `${Math.max(1, 100 * share)}%`;
  return made;
}

function graphEnds() {
  const graph = view.stages[state.stage].graph;
  const inputs = byKey(graph.inputs, (id) => view.nodes[id].kind);
  return section("Inputs and results", facts([...[...inputs].map(([kind, ids]) => [kind, `${grouped(ids.length)}, ${scaled(ids.reduce((sum, id) => sum + view.nodes[id].bytes, 0), "B")}`]), ["results", grouped(graph.results.length)]]));
}

/** The slots of one of the user's lines, at the stage shown. */
function slotsOfLine(file, line) {
  const offset = state.stage - state.scene.first;
  return state.scene.slots.filter((slot) => (slot.mask >> offset) & 1 && slot.parent && slot.record.file === file && slot.record.line === line);
}
