// What a pass changed: the slider through the passes, and the list of changes with the rules that fired.
"use strict";

const CHANGE_WORDS = { added: "added", removed: "removed", replaced: "replaced" };

/** The change at the stage shown that names a slot. */
function changeOf(slot) {
  if (state.stage === 0) return null;
  const offset = state.stage - state.scene.first;
  const { came, went } = changesAt[state.stage];
  return (slot.ids[offset] && came.get(slot.ids[offset])) || (offset > 0 && went.get(slot.ids[offset - 1])) || null;
}

function changeCard(change, _, all) {
  const side = (ids) => {
    const last = Math.min(ids.length, 5) - 1;
    const shown = ids.slice(0, 5).flatMap((id, i) => [h("span", { class: "unbroken" }, nodeLink(id), i < last ? "," : ""), " "]);
    return ids.length > 5 ? [...shown, ` and ${ids.length - 5} more`] : shown;
  };
  const { nodes, from: sources } = realChange(change);
  const [from, to] = [side(sources), side(nodes)];
  const arrow = from.length && to.length ? " → " : "";
  return h("div", { class: "change" }, h("p", {}, h("span", { class: `pill ${change.what}` }, CHANGE_WORDS[change.what] || change.what), change.rule && !all ? h("code", {}, `  ${change.rule}`) : null), h("p", {}, ...from, arrow, ...to));
}

function nodeLink(id) {
  const record = view.nodes[id];
  return h("button", { class: "link", onclick: () => jumpToId(id) }, `${titleOf(record)} ${id}`);
}

function renderChanges() {
  const pane = document.getElementById("pane-changes");
  const stage = view.stages[state.stage];
  const found = stage.changed.filter((change) => visibleChange(change));
  const changes = isDiff ? alike(found) : found;
  document.getElementById("tab-changes").replaceChildren("Changes", changes.length ? h("span", { class: "count" }, grouped(changes.length)) : "");
  if (state.stage === 0 && !isDiff) {
    pane.replaceChildren(h("p", { class: "empty" }, "This is the graph as it was recorded. Go on to a pass to see what it changes."));
    return;
  }
  const byRule = [...byKey(changes, (change) => change.rule || "")].sort((a, b) => b[1].length - a[1].length);
  const parts = [h("div", { class: "pane-title" }, h("h3", {}, stage.name)), h("p", { class: "muted" }, summaryOf(state.stage))];
  if (!changes.length) parts.push(h("p", { class: "empty" }, isDiff ? "The graphs are equal." : "This pass changed nothing."));
  for (const [rule, some] of byRule) {
    const list = h("div", {}, some.slice(0, 20).map(changeCard));
    if (some.length > 20) list.append(h("p", { class: "muted" }, `and ${grouped(some.length - 20)} more`));
    parts.push(h("div", { class: "section" }, h("h4", {}, rule ? h("code", {}, rule) : isDiff ? "Differences" : byRule.length > 1 ? "No rule named" : "Changes", h("span", {}, grouped(some.length))), list));
  }
  pane.replaceChildren(...parts);
}

/** Differences of one kind in the same operator, put together. */
function alike(changes) {
  const key = ({ what, nodes = EMPTY, from = EMPTY }) => `${what}|${titleOf(view.nodes[nodes[0] || from[0]])}`;
  return [...byKey(changes, key).values()].map((some) => ({
    what: some[0].what,
    nodes: some.flatMap((change) => change.nodes || EMPTY),
    from: some.flatMap((change) => change.from || EMPTY),
  }));
}

/** A change without the nodes that are as they were, but for reading something else now. */
function realChange(change) {
  const renewed = state.scene.renewed[state.stage - state.scene.first];
  const olds = new Set(renewed.values());
  const { nodes = EMPTY, from = EMPTY } = change;
  const looks = (id) => JSON.stringify(view.nodes[id].parameters);
  const same = (id) => renewed.has(id) && looks(id) === looks(renewed.get(id));
  const news = nodes.filter((id) => !same(id));
  const kept = new Set(nodes.filter(same).map((id) => renewed.get(id)));
  return { nodes: news, from: from.filter((id) => !(olds.has(id) && kept.has(id))) };
}

function visibleChange(change) {
  const { nodes, from } = realChange(change);
  return nodes.length + from.length > 0;
}

function summaryOf(k) {
  const size = view.stages[k].graph.nodes.length;
  if (k === 0) return plural(size, "node");
  const difference = size - view.stages[k - 1].graph.nodes.length;
  const time = view.stages[k].milliseconds ? `, in ${MEASURES.milliseconds.show(view.stages[k].milliseconds)}` : "";
  return `${plural(size, "node")}${difference ? `, ${difference > 0 ? "+" : "−"}${grouped(Math.abs(difference))}` : ""}${time}`;
}

function startPasses() {
  const footer = document.getElementById("passes");
  if (view.stages.length < 2) return;
  const count = view.stages.length;
  const label = isDiff ? "Which graph" : "Pass";
  const range = h("input", { type: "range", id: "pass", min: 0, max: count - 1, step: 1, value: state.stage, "aria-label": label });
  range.style.margin = `0 calc(50% / ${count} - 8px)`;
  range.style.width = `calc(100% - 100% / ${count} + 16px)`;
  range.addEventListener("input", () => goToStage(Number(range.value)));
  const stops = h("ol", { class: "stops", "aria-hidden": "true" }, view.stages.map((stage, k) => h("li", { onclick: () => goToStage(k), title: `${stage.name}: ${summaryOf(k)}` }, h("b", {}, stage.name.replaceAll("_", " ")), h("span", {}, shortSummary(k)))));
  const step = (by, text, name) => h("button", { id: name, "aria-label": text, title: text, onclick: () => goToStage(state.stage + by) }, by < 0 ? "‹" : "›");
  footer.append(h("div", { class: "steps" }, step(-1, "The pass before ([)", "pass-before"), step(1, "The next pass (])", "pass-after")), h("div", { class: "track" }, h("div", {}, range, stops)));
  renderPasses();
}

function shortSummary(k) {
  const size = view.stages[k].graph.nodes.length;
  if (k === 0) return plural(size, "node");
  const difference = size - view.stages[k - 1].graph.nodes.length;
  return difference ? `${grouped(size)} (${difference > 0 ? "+" : "−"}${grouped(Math.abs(difference))})` : grouped(size);
}

function renderPasses() {
  const range = document.getElementById("pass");
  if (!range) return;
  const stage = view.stages[state.stage];
  range.value = state.stage;
  range.setAttribute("aria-valuetext", `${stage.name}, ${summaryOf(state.stage)}`);
  document.querySelectorAll(".stops li").forEach((stop, k) => {
    if (k === state.stage) stop.dataset.current = "";
    else delete stop.dataset.current;
  });
  document.getElementById("pass-before").disabled = state.stage === 0;
  document.getElementById("pass-after").disabled = state.stage === view.stages.length - 1;
}
