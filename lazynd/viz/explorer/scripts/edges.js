// The lines of the drawing. A line knows the values that it carries: pointing at one shows everywhere they go.
"use strict";

function drawEdges(range) {
  const offset = state.stage - state.scene.first;
  const now = 1 << offset;
  const before = offset > 0 ? 1 << (offset - 1) : now;
  const made = document.createDocumentFragment();
  drawing.drawn = [];
  for (const line of drawing.lines) {
    if (range && !lineIn(line, range)) continue;
    let count = 0;
    let old = false;
    for (const mask of line.values.values()) {
      if (mask & now) count += 1;
      if (mask & before) old = true;
    }
    if (!count && !old) continue;
    const g = svgElement("g", { class: `edge${count ? (old ? "" : " came") : " gone"}` }, made);
    if (count > 1) g.style.setProperty("--wide", `${Math.min(4, 1.4 + Math.log2(count) * 0.5)}px`);
    const path = curve(line.points, line.group.lanes, line.through || line.to === "out" ? 0 : 6);
    svgElement("path", { class: "line", d: path }, g);
    if (line.to !== "out" && !line.through) svgElement("path", { class: "tip", d: arrowhead(line.points, line.group.lanes) }, g);
    svgElement("path", { class: "hit", d: path }, g);
    if (line.group.lanes && count > 0) laneLabel(line, count, g);
    g.line = line;
    drawing.drawn.push(g);
  }
  layer.edges.replaceChildren(made);
}

function lineIn(line, range) {
  const xs = line.points.map(([x]) => x);
  const ys = line.points.map(([, y]) => y);
  const box = { x: Math.min(...xs), y: Math.min(...ys), w: Math.max(...xs) - Math.min(...xs) + 1, h: Math.max(...ys) - Math.min(...ys) + 1 };
  return overlaps(box, range);
}

const round = (number) => Math.round(number * 10) / 10;

/** A smooth path that goes straight down through each of its points. */
function curve(points, sideways, short = 6) {
  const at = ([x, y]) => `${round(x)} ${round(y)}`;
  const [first, last] = [points[0], points[points.length - 1]];
  if (sideways) {
    if (points.length === 2) return `M${at(first)}L${at([last[0] - 6, last[1]])}`;
    const [, a, b] = points;
    const r = Math.min(14, Math.abs(b[0] - a[0]) / 2);
    const s = Math.sign(b[0] - a[0]);
    return `M${at(first)}L${at([a[0], a[1] + r])}Q${at(a)} ${at([a[0] + s * r, a[1]])}L${at([b[0] - s * r, b[1]])}Q${at(b)} ${at([b[0], b[1] + r])}L${at([last[0], last[1] - 6])}`;
  }
  const end = [last[0], last[1] - short];
  let d = `M${at(first)}`;
  let from = first;
  for (const point of [...points.slice(1, -1), end]) {
    const bend = (point[1] - from[1]) / 2;
    d += Math.abs(point[0] - from[0]) < 1 ? `L${at(point)}` : `C${at([from[0], from[1] + bend])} ${at([point[0], point[1] - bend])} ${at(point)}`;
    from = point;
  }
  return d;
}

function arrowhead(points, sideways) {
  const [x, y] = points[points.length - 1];
  if (sideways && points.length === 2) return `M${round(x)} ${round(y)}l-8 -4v8z`;
  return `M${round(x)} ${round(y)}l-4 -8h8z`;
}

function laneLabel(line, count, g) {
  const text = plural(count, "value");
  const [a, b] = line.points.length === 2 ? line.points : [line.points[1], line.points[2]];
  svgText("", (a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 7, text, g);
}

/** Shows every line that carries one of `values`, and no others so strongly. */
function showValues(values) {
  graphElement.classList.toggle("dimmed", Boolean(values && values.size));
  for (const g of drawing.drawn || EMPTY) {
    let same = false;
    if (values) {
      for (const value of g.line.values.keys()) {
        if (values.has(value)) {
          same = true;
          break;
        }
      }
    }
    g.classList.toggle("same", same);
  }
  for (const element of layer.cards.querySelectorAll(".stub")) {
    element.classList.toggle("same", Boolean(values) && element.edges.some((edge) => [...edge.values.keys()].some((value) => values.has(value))));
  }
}

/** The values that an item gives away and that it reads. */
function valuesOf(item) {
  const values = new Set();
  for (const line of drawing.lines) if (line.from === item || line.to === item) for (const value of line.values.keys()) values.add(value);
  return values;
}

/** Dotted lines from the selected item along its far edges, which are stubs otherwise. */
function drawLinks() {
  layer.links.replaceChildren();
  const item = state.selected && state.selected.stubs ? state.selected : null;
  const box = item && drawing.boxes.get(item.id);
  if (!box) return;
  for (const edge of [...item.stubs.in, ...item.stubs.out].slice(0, 24)) {
    const [a, b] = [drawing.boxes.get(edge.from.id), drawing.boxes.get(edge.to.id)];
    if (!a || !b) continue;
    const right = a.x < b.x;
    const [x1, y1] = [right ? a.x + a.w : a.x, a.y + a.h - 12];
    const [x2, y2] = [right ? b.x : b.x + b.w, b.y + b.h - 12];
    const pull = Math.max(40, Math.abs(x2 - x1) / 2) * (right ? 1 : -1);
    svgElement("path", { class: "link-line", d: `M${round(x1)} ${round(y1)}C${round(x1 + pull)} ${round(y1)} ${round(x2 - pull)} ${round(y2)} ${round(x2)} ${round(y2)}` }, layer.links);
  }
}

function tipOfLine(line) {
  const offset = state.stage - state.scene.first;
  const lines = [];
  for (const [value, mask] of line.values) {
    if (!(mask & (1 << offset))) continue;
    const at = value.lastIndexOf(":");
    const slot = state.scene.byKey.get(value.slice(0, at));
    const output = Number(value.slice(at + 1));
    lines.push(`${titleOf(recordAt(slot))}${output ? ` result ${output}` : ""}  ${recordAt(slot).types[output] || ""}`);
  }
  const more = lines.length - 8;
  return [...lines.slice(0, 8), ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}
