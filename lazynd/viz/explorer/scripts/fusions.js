// The clusters that XLA really fused, laid over the nodes, and what it says of memory and cost.
"use strict";

const CLUSTER_HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#7a6fd0"];

function hueOf(cluster) {
  return CLUSTER_HUES[cluster.id % CLUSTER_HUES.length];
}

function clustersOfSlot(slot) {
  if (!view.clusters) return EMPTY;
  const ids = state.scene.first === 0 ? [slot.key] : recordAt(slot).origin || EMPTY;
  return [...new Set(ids.flatMap((id) => clustersOf.get(id) || EMPTY))];
}

/** The items that stand for the nodes of each cluster: [{cluster, items}]. */
function clusterItems() {
  const found = new Map();
  for (const slot of state.scene.slots) {
    if (!slot.parent || isInput(slot.record) || !state.seen.shown(slot)) continue;
    if (!((slot.mask >> (state.stage - state.scene.first)) & 1)) continue;
    for (const cluster of clustersOfSlot(slot)) {
      if (!found.has(cluster)) found.set(cluster, new Set());
      found.get(cluster).add(standIn(slot));
    }
  }
  return found;
}

function drawHalos() {
  layer.halos.replaceChildren();
  const shown = state.fusions && view.clusters;
  if (!shown && !state.cluster) return;
  for (const [cluster, items] of clusterItems()) {
    if (!shown && cluster !== state.cluster) continue;
    const boxes = [...items].filter((item) => item.leaf || item.what === "operator" || items.size === 1).map((item) => [item, drawing.boxes.get(item.id)]).filter(([, box]) => box);
    if (!boxes.length) continue;
    const g = svgElement("g", { class: `halo${state.cluster && state.cluster !== cluster ? " faint" : ""}`, "data-cluster": cluster.id }, layer.halos);
    g.style.setProperty("--c", hueOf(cluster));
    for (const [, box] of boxes) svgElement("rect", { x: box.x - 2, y: box.y - 2, width: box.w + 4, height: box.h + 4, rx: 9 }, g);
    const inside = new Set(boxes.map(([item]) => item));
    for (const line of drawing.lines) if (inside.has(line.from) && inside.has(line.to)) svgElement("path", { d: curve(line.points, false) }, g);
    const name = svgElement("title", {}, g);
    name.textContent = cluster.name;
  }
}

function clusterRow(cluster) {
  const dot = h("i", {});
  dot.style.cssText = `display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:8px;background:${hueOf(cluster)}`;
  const note = [plural(cluster.nodes.length, "node"), cluster.bytes ? scaled(cluster.bytes, "B") : ""].filter(Boolean).join(", ");
  const pressed = state.cluster === cluster;
  return h("li", {}, h("button", { class: "row cluster", "aria-pressed": pressed, onclick: () => pickCluster(cluster) }, h("b", {}, dot, cluster.name), h("span", {}, note), h("small", {}, `${cluster.kind}: ${cluster.nodes.map((id) => titleOf(view.nodes[id])).join(", ")}`)));
}

function pickCluster(cluster) {
  state.cluster = state.cluster === cluster ? null : cluster;
  if (state.cluster) {
    const items = clusterItems().get(cluster);
    const first = items && [...items].map((item) => drawing.boxes.get(item.id)).filter(Boolean);
    if (first && first.length) bringIntoView(first.reduce(joined));
  }
  tell("fusions");
}

const READABLE = (name) => name.replaceAll("_", " ").replace(/ in bytes$/, "");

function renderFusions() {
  const pane = document.getElementById("pane-fusions");
  const tab = document.getElementById("tab-fusions");
  const { clusters, program } = view;
  tab.hidden = isDiff || (!clusters && !program);
  tab.replaceChildren("Fusions", clusters ? h("span", { class: "count" }, grouped(clusters.length)) : "");
  const parts = [];
  if (!clusters) parts.push(h("p", { class: "empty" }, "Not known: this graph was not compiled when the page was made."));
  else {
    const toggleAll = h("input", { type: "checkbox", id: "show-fusions", checked: state.fusions, onchange: (event) => { state.fusions = event.target.checked; tell("fusions"); } });
    const nodes = new Set(clusters.flatMap((cluster) => cluster.nodes)).size;
    parts.push(h("label", { class: "switch" }, toggleAll, "Show on the graph"), h("p", { class: "muted" }, `XLA made ${plural(clusters.length, "fusion")} of ${plural(nodes, "recorded node")}, as its compiled text says.`));
  }
  if (program) {
    const table = (title, entries, unit) => Object.keys(entries || {}).length && section(title, facts(Object.entries(entries).map(([name, value]) => [READABLE(name), unit(name, value)])));
    parts.push(table("Memory", program.memory, (name, value) => scaled(value, "B")), table("Cost, as XLA counts it", program.cost, (name, value) => scaled(value, /bytes/.test(name) ? "B" : /flop/i.test(name) ? "FLOP" : "")));
  }
  if (clusters && clusters.length) parts.push(section("Clusters", h("ul", { class: "rows" }, clusters.slice(0, 300).map(clusterRow), clusters.length > 300 ? h("li", { class: "muted" }, `and ${clusters.length - 300} more`) : null)));
  if (state.cluster && state.cluster.text) parts.push(section(`Text of ${state.cluster.name}`, h("pre", {}, state.cluster.text)));
  if (program && program.text) {
    const text = h("pre", {});
    parts.push(h("details", { ontoggle: () => (text.textContent ||= program.text) }, h("summary", {}, "Compiled text"), text));
  }
  pane.replaceChildren(...parts.filter(Boolean));
}
