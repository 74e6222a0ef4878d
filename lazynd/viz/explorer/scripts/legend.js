// The legend: what the colours and marks of the drawing mean, as far as they occur in it.
"use strict";

function renderLegend() {
  const kinds = new Set();
  for (const { item } of [...drawing.cards.values(), ...drawing.frames.values()]) kinds.add(kindOf(item));
  const entry = (word, className, colour, glyph) => {
    const mark = h("i", { class: className });
    mark.style.cssText = `background:${colour};border-color:${colour}`;
    return h("li", {}, mark, glyph ? `${word} ${glyph}` : word);
  };
  const entries = ["forward", "gradient", "update", "data", "parameter", "number"].filter((kind) => kinds.has(kind)).map((kind) => entry(kind, "", `var(--${kind})`));
  const statuses = new Set([...drawing.statuses.values()].flatMap((status) => (typeof status === "string" ? [status] : status ? Object.keys(status).filter((name) => status[name]) : [])));
  const [here, gone] = isDiff ? ["only in the second", "only in the first"] : ["added", "removed"];
  if (statuses.has("added")) entries.push(entry(here, "ring", "var(--added)", "+"));
  if (statuses.has("removed")) entries.push(entry(gone, "dashed", "var(--removed)", "−"));
  if (statuses.has("changed")) entries.push(entry("changed", "ring", "var(--changed)", "~"));
  const parts = [];
  if (state.heat !== "none") {
    const ramp = h("span", { class: "ramp" });
    const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => `${heatColour(share).fill} ${share * 100}%`);
    ramp.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    parts.push(h("div", { class: "scale" }, `${MEASURES[state.heat].title}: 0`, ramp, `${MEASURES[state.heat].show(amount(state.root, state.heat))}, all of it`));
  }
  if (state.fusions) entries.push(h("li", {}, "shaded together: one fusion; dots: further ones"));
  document.getElementById("legend").replaceChildren(...parts, h("ul", {}, entries));
}

/** The words over the drawing: where one is. */
function renderBanner() {
  const banner = document.getElementById("banner");
  if (view.stages.length < 2) {
    banner.textContent = "";
    return;
  }
  const stage = view.stages[state.stage];
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const slot of state.scene.slots) {
    const status = slot.parent && statusOf(slot, state.scene, state.stage);
    if (status && !isInput(slot.record)) counts[status] += 1;
  }
  const words = Object.entries(counts).filter(([, count]) => count).map(([what, count]) => `${grouped(count)} ${what}`);
  const into = state.stage > 0 && state.scene.first === state.stage ? [`${plural(view.stages[state.stage - 1].graph.nodes.length, "node")} became ${grouped(stage.graph.nodes.length)}`] : [];
  banner.textContent = [stage.name.replaceAll("_", " "), ...(words.length ? words : into.length ? into : [state.stage ? "nothing changed" : plural(stage.graph.nodes.length, "node")])].join("  ·  ");
}
