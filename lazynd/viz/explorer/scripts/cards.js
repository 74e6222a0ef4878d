// The cards and frames of the drawing: what is written on them, measured so that it fits.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const CARD = { least: 92, most: 250, side: 14, tall: 44, stub: 20 };

function svgElement(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}

function svgText(className, x, y, content, parent, more) {
  const made = svgElement("text", { class: className, x, y, ...more }, parent);
  made.textContent = content;
  return made;
}

/** The kind of an item: a slot's own, a group's if all below are of one. */
function kindOf(item) {
  if (item.leaf) return isInput(item.record) ? inputKind(item) : item.record.kind;
  if (!item.mainKind) {
    const kinds = new Set();
    for (const slot of item.slots()) if (!isInput(slot.record)) kinds.add(slot.record.kind);
    item.mainKind = item.kind || (kinds.size === 1 ? [...kinds][0] : "mixed");
  }
  return item.mainKind;
}

/** The two lines on a card. They are of the scene, not of the stage, so that a card keeps its size. */
function wordsOf(item) {
  if (item.words) return item.words;
  let title;
  let second;
  let prefix = "";
  if (item.leaf) {
    title = titleOf(item.record);
    prefix = item.record.operator.startsWith("ir.") ? "ir." : "";
    const [first, ...rest] = item.record.types;
    second = `${first || ""}${rest.length ? ` +${rest.length}` : ""}`;
  } else if (item.what === "body") {
    title = item.title;
    const times = item.slot.record.times;
    second = times > 1 ? `runs ${grouped(times)} times` : Object.keys(item.slot.record.body).length > 1 ? "a choice" : "a call";
  } else {
    const count = item.children.reduce((sum, child) => sum + sizeOfItem(child), 0);
    // Blocks in a stack have numbers for names: these say little without the name of the stack.
    const name = /^\d+(\.|$)/.test(item.title) && item.parent && item.parent.what === "block" ? `${wordsOf(item.parent).title}.${item.title}` : item.title;
    title = item.times ? `${name} × ${grouped(item.times)}` : name;
    second = item.times && item.each > 1 ? `${plural(item.each, "node")} each` : item.detail || plural(count, "node");
  }
  item.words = { title, second, prefix };
  return item.words;
}

/** What a stub says: what it leads to, and how many more there are. */
function stubText(edges, end) {
  const first = wordsOf(edges[0][end]).title;
  return { name: first, more: edges.length > 1 ? ` +${edges.length - 1}` : "" };
}

/** Width and height of the card of `item`, or the least of an open group's frame. */
function measureItem(item) {
  const { title, second, prefix } = wordsOf(item);
  if (!item.leaf && state.open.has(item.id)) {
    return { w: Math.ceil(Math.min(360, widthOf(title, "head") + 64 + (item.detail ? Math.min(180, widthOf(item.detail, "small")) + 10 : 0))), h: HEAD };
  }
  const wide = widthOf(prefix + title, "title");
  const under = widthOf(second, item.leaf ? "type" : "small");
  let w = Math.max(CARD.least, wide + 2 * CARD.side + (item.leaf ? 0 : 14), under + 2 * CARD.side);
  const { in: ins, out: outs } = item.stubs;
  if (ins.length || outs.length) {
    const label = (edges, end) => (edges.length ? Math.min(104, widthOf(Object.values(stubText(edges, end)).join(""), "small")) + 20 : 0);
    w = Math.max(w, label(ins, "from") + label(outs, "to") + 18);
  }
  return { w: Math.ceil(Math.min(CARD.most, w)), h: CARD.tall + (ins.length || outs.length ? CARD.stub : 0) };
}

function drawCard(item, box, status) {
  const kind = kindOf(item);
  const ghost = status === "removed" ? " removed" : status === "added" ? " added" : status === "changed" ? " changed" : "";
  const g = svgElement("g", {
    class: `card ${kind}${item.leaf ? "" : " group"}${item.leaf && isInput(item.record) ? " input" : ""}${ghost}`,
    role: "button", tabindex: -1, "data-id": item.id, "aria-label": spoken(item, status),
  });
  if (!item.leaf) {
    g.setAttribute("aria-expanded", "false");
    svgElement("rect", { class: "under", x: 6, y: 6, width: box.w - 4, height: box.h - 2, rx: 9 }, g);
    svgElement("rect", { class: "under", x: 3, y: 3, width: box.w - 2, height: box.h - 1, rx: 9 }, g);
  }
  if (item.leaf && isInput(item.record)) {
    const round = Math.min(22, box.h / 2);
    svgElement("rect", { class: "paper", width: box.w, height: box.h, rx: round }, g);
    svgElement("rect", { class: "body", width: box.w, height: box.h, rx: round }, g);
  } else {
    svgElement("rect", { class: "stripe", width: box.w, height: box.h, rx: 9 }, g);
    svgElement("path", { class: "paper", d: `M5 0H${box.w - 9}a9 9 0 0 1 9 9V${box.h - 9}a9 9 0 0 1 -9 9H5z` }, g);
    svgElement("rect", { class: "body", width: box.w, height: box.h, rx: 9 }, g);
  }
  writeWords(item, box, g);
  if (item.stubs.in.length || item.stubs.out.length) drawStubs(item, box, g);
  if (status && typeof status === "string") drawMark(status, box.w - 3, 3, g);
  if (status && typeof status === "object") groupMarks(status, box, g);
  const heat = heatOf(item);
  if (heat) {
    g.classList.add("heated");
    g.style.setProperty("--fill", heat.fill);
    g.style.setProperty("--on-fill", heat.ink);
  }
  return g;
}

function writeWords(item, box, g) {
  const { title, second, prefix } = wordsOf(item);
  const room = box.w - 2 * CARD.side + 4;
  const line = svgElement("text", { class: "title", x: CARD.side, y: 19 }, g);
  if (prefix) {
    const small = svgElement("tspan", { class: "prefix" }, line);
    small.textContent = prefix;
  }
  line.append(fit(title, "title", room - widthOf(prefix, "title") - (item.leaf ? 0 : 12)));
  svgText(item.leaf ? "type" : "detail", CARD.side, 35, fit(second, item.leaf ? "type" : "small", room), g);
  if (!item.leaf) svgElement("path", { class: "toggle", d: `M${box.w - 16} 11v8M${box.w - 20} 15h8`, fill: "none", stroke: "var(--soft)", "stroke-width": 1.5, "stroke-linecap": "round" }, g);
}

/** Under a hairline: what far edges lead to, with the beginnings of these edges beside the card. */
function drawStubs(item, box, g) {
  const top = CARD.tall;
  const middle = top + CARD.stub / 2 - 1;
  svgElement("path", { class: "rule", d: `M10 ${top - 1}H${box.w - 8}` }, g);
  const { in: ins, out: outs } = item.stubs;
  const half = ins.length && outs.length ? (box.w - 22) / 2 : box.w - 20;
  const make = (edges, end, left) => {
    const { name, more } = stubText(edges, end);
    const arrow = left ? "↤ " : " ↦";
    const cut = fit(name, "small", half - widthOf(more + arrow, "small") - 4);
    const stub = svgElement("g", { class: `stub ${left ? "in" : "out"}`, role: "link", tabindex: -1, "aria-label": `${left ? "reads from" : "read by"} ${name}${more}` }, g);
    stub.edges = edges;
    stub.end = end;
    svgElement("path", { d: left ? `M-12 ${middle}H0` : `M${box.w} ${middle}h12` }, stub);
    svgElement("rect", { class: "hit", x: left ? 4 : box.w - half - 6, y: top, width: half, height: CARD.stub - 2 }, stub);
    svgText("", left ? 11 : box.w - 9, middle + 4, left ? arrow + cut + more : cut + more + arrow, stub, left ? {} : { "text-anchor": "end" });
  };
  if (ins.length) make(ins, "from", true);
  if (outs.length) make(outs, "to", false);
}

const MARKS = { added: "M-3.5 0h7M0 -3.5v7", removed: "M-3.5 0h7", changed: "M-3.5 .8q1.7 -3 3.5 -.8t3.5 -.8" };

function drawMark(status, x, y, parent) {
  const mark = svgElement("g", { class: `mark ${status}`, transform: `translate(${x} ${y})` }, parent);
  svgElement("circle", { r: 7.5 }, mark);
  svgElement("path", { d: MARKS[status] }, mark);
}

function groupMarks(counts, box, g) {
  let x = box.w - 3;
  for (const status of ["removed", "changed", "added"]) {
    if (!counts[status]) continue;
    drawMark(status, x, 3, g);
    x -= 15;
  }
}

function drawFrame(item, box, status) {
  const g = svgElement("g", {
    class: `frame ${kindOf(item)}${item.depth % 2 ? "" : " deep"}`, role: "button", tabindex: -1, "data-id": item.id,
    "aria-expanded": "true", "aria-label": spoken(item, status),
  });
  svgElement("rect", { class: "body", width: box.w, height: box.h, rx: 12 }, g);
  svgElement("rect", { class: "head", width: box.w, height: HEAD, rx: 12 }, g);
  svgElement("circle", { class: "stripe", cx: 17, cy: HEAD / 2, r: 4 }, g);
  const { shown, more } = headWords(item, box.w);
  svgText("title", 28, HEAD / 2 + 4.5, shown, g);
  if (more) svgText("detail", 28 + widthOf(shown, "head") + 10, HEAD / 2 + 4.5, more, g, { style: "font-size: 11px" });
  svgElement("path", { class: "toggle", d: `M${box.w - 24} ${HEAD / 2}h9` }, g);
  return g;
}

/** The words at the head of an open group, cut to its width, and where they end. */
function headWords(item, width) {
  const { title } = wordsOf(item);
  const room = width - 56;
  const shown = fit(title, "head", room);
  const rest = room - widthOf(shown, "head") - 10;
  const more = item.detail && shown === title && rest > 40 ? fit(item.detail, "small", Math.min(rest, 260)) : "";
  return { shown, more, end: 28 + widthOf(shown, "head") + (more ? 10 + widthOf(more, "small") : 0) };
}

/** What a reader of screens says of an item. */
function spoken(item, status) {
  const { title, second } = wordsOf(item);
  const open = item.leaf ? "" : state.open.has(item.id) ? ", open group" : ", closed group";
  const scope = item.leaf && item.scope.length ? `, in ${item.scope.join(".")}` : "";
  const mark = typeof status === "string" && status ? `, ${status} by this pass` : "";
  return `${title}, ${second}, ${kindOf(item)}${open}${scope}${mark}`;
}
