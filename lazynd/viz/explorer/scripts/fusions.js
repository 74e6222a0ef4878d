// The clusters that XLA really fused, laid over the nodes, and what it says of memory and cost.
"use strict";

const CLUSTER_HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#7a6fd0"];

function hueOf(cluster) {
  return CLUSTER_HUES[cluster.id % CLUSTER_HUES.length];
}

function clustersOfSlot(slot) {
  if (!view.clusters) return EMPTY;
  const { first, last } = state.scene;
  if (first > 0 && last === view.stages.length - 1 && clustersOfPart.size) {
    return clustersOfPart.get(slot.ids[last - first]) || EMPTY;
  }
  const ids = first === 0 ? [slot.key] : recordAt(slot).origin || EMPTY;
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

/**
 * A card may stand for parts of several clusters: each card is shaded as the one of them that fuses most, and has a dot
 * for each further one. The cluster that was picked is shaded wherever it is.
 */
function drawHalos() {
  layer.halos.replaceChildren();
  const shown = state.fusions && view.clusters;
  if (!shown && !state.cluster) return;
  const found = clusterItems();
  const main = new Map();
  const others = new Map();
  const byItem = (a, b) => b[1].size - a[1].size || (b[0].bytes || 0) - (a[0].bytes || 0);
  for (const [cluster, items] of [...found].filter(([each]) => each.fused).sort(byItem)) {
    for (const item of items) {
      if (!main.has(item)) main.set(item, cluster);
      else others.set(item, [...(others.get(item) || EMPTY), cluster]);
    }
  }
  for (const [cluster, all] of found) {
    const picked = cluster === state.cluster;
    if (!picked && (!shown || !cluster.fused || state.cluster)) continue;
    const items = picked ? all : new Set([...all].filter((item) => main.get(item) === cluster));
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
  if (shown && !state.cluster) drawDots(others);
}

const MOST_DOTS = 8;

function drawDots(others) {
  for (const [item, clusters] of others) {
    const box = drawing.boxes.get(item.id);
    if (!box) continue;
    clusters.slice(0, MOST_DOTS).forEach((cluster, i) => {
      const dot = svgElement("circle", { class: "dot", cx: box.x + box.w - 8 - 10 * i, cy: box.y + box.h + 4, r: 3.5 }, layer.halos);
      dot.style.setProperty("--c", hueOf(cluster));
    });
  }
}

function clusterRow(cluster) {
  const dot = h("i", {});
  dot.style.cssText = `display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:8px;background:${hueOf(cluster)}`;
  const note = [plural(cluster.nodes.length, "node"), cluster.bytes ? scaled(cluster.bytes, "B") : ""].filter(Boolean).join(", ");
  const pressed = state.cluster === cluster;
  return h("li", {}, h("button", { class: "row cluster", "aria-pressed": pressed, onclick: () => pickCluster(cluster) }, h("b", {}, dot, cluster.name), h("span", {}, note), h("small", {}, `${cluster.kind}: ${cluster.nodes.map((id) => titleOf(view.nodes[id])).join(", ")}${cluster.inside ? `, inside ${cluster.inside}` : ""}`)));
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
  tab.replaceChildren("Fusions", clusters ? h("span", { class: "count" }, grouped(clusters.filter((cluster) => cluster.fused).length)) : "");
  const parts = [];
  if (!clusters) parts.push(h("p", { class: "empty" }, "Not known: this graph was not compiled when the page was made."));
  else {
    const toggleAll = h("input", { type: "checkbox", id: "show-fusions", checked: state.fusions, onchange: (event) => { state.fusions = event.target.checked; tell("fusions"); } });
    const fused = clusters.filter((cluster) => cluster.fused);
    const nodes = new Set(fused.flatMap((cluster) => cluster.nodes)).size;
    const rest = clusters.length - fused.length;
    const also = rest ? ` ${plural(rest, "further instruction")} ${rest === 1 ? "stands" : "stand"} alone.` : "";
    parts.push(h("label", { class: "switch" }, toggleAll, "Show on the graph"), h("p", { class: "muted" }, `XLA made ${plural(fused.length, "fusion")} of ${plural(nodes, "recorded node")}, as its compiled text says.${also}`));
  }
  if (program) {
    const table = (title, entries, unit) => Object.keys(entries || {}).length && section(title, facts(Object.entries(entries).map(([name, value]) => [READABLE(name), unit(name, value)])));
    const { tier, site, runs, milliseconds } = program;
    parts.push(facts([["first needed", site], ["ran", runs ? `${grouped(runs)} times` : null], ["last run", milliseconds ? MEASURES.milliseconds.show(milliseconds) : null], ["tier", tier]]));
    parts.push(table("Memory", program.memory, (name, value) => scaled(value, "B")), table("Cost, as XLA counts it", program.cost, (name, value) => scaled(value, /bytes/.test(name) ? "B" : /flop/i.test(name) ? "FLOP" : "")));
  }
  if (clusters && clusters.length) parts.push(section("Clusters", h("ul", { class: "rows" }, [...clusters].sort((a, b) => Boolean(b.fused) - Boolean(a.fused)).slice(0, 300).map(clusterRow), clusters.length > 300 ? h("li", { class: "muted" }, `and ${clusters.length - 300} more`) : null)));
  if (state.cluster && state.cluster.text) parts.push(section(`Text of ${state.cluster.name}`, h("pre", {}, state.cluster.text)));
  if (program && program.text) {
    const text = h("pre", {});
    parts.push(h("details", { ontoggle: () => (text.textContent ||= program.text) }, h("summary", {}, "Compiled text"), text));
  }
  pane.replaceChildren(...parts.filter(Boolean));
}
