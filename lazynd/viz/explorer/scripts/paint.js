// Puts the drawing together from the places that the layout found, and changes in it no more than has changed.
"use strict";

const drawing = { boxes: new Map(), cards: new Map(), frames: new Map(), lines: [], bounds: { x: 0, y: 0, w: 1, h: 1 } };
const layer = Object.fromEntries(["frames", "halos", "edges", "cards", "links"].map((id) => [id, document.getElementById(id)]));
/** More cards than this are drawn only where the window looks. */
const ALL_CARDS = 600;

/** Places on the page for all items and lines, from the places in each group. */
function compose(seen, made) {
  const boxes = new Map();
  const lines = [];
  const number = new Map(seen.open.map((group, i) => [group, i]));
  const stack = [[seen.root, 0, 0, null]];
  let bounds = null;
  while (stack.length) {
    const [group, x, y, box] = stack.pop();
    const place = made[number.get(group)];
    // What is narrower than its frame stands in the middle of it.
    const shift = box ? (box.w - 2 * PAD - place.w) / 2 : 0;
    const left = x + Math.max(0, shift);
    group.items.forEach((item, i) => {
      const [w, h] = place.sizes[i];
      const at = { x: left + place.places[i][0], y: y + place.places[i][1], w, h };
      boxes.set(item.id, at);
      bounds = joined(bounds, at);
      if (number.has(item)) stack.push([item, at.x + PAD, at.y + HEAD + PAD, at]);
    });
    [...group.lines.values()].forEach((line, i) => {
      const points = place.paths[i].map(([px, py]) => [left + px, y + py]);
      if (box && line.from === "in") points[0] = [points[0][0], box.y + (passesHead(group, box, points[0][0]) ? 0 : HEAD)];
      if (box && line.to === "out") points[points.length - 1] = [points[points.length - 1][0], box.y + box.h];
      if (group.lanes) for (const point of points) bounds = joined(bounds, { x: point[0], y: point[1] - 20, w: 0, h: 0 });
      const into = line.to.leaf === false && number.has(line.to) ? boxes.get(line.to.id) : null;
      const [endX, endY] = points[points.length - 1];
      const through = Boolean(into) && !group.lanes && made[number.get(line.to)].inX !== null && passesHead(line.to, into, endX) && endY <= into.y + 1;
      lines.push({ ...line, group, points, values: line.values, through });
    });
  }
  return { boxes, lines, bounds: bounds || { x: 0, y: 0, w: 1, h: 1 } };
}

/** Whether a line at `x` runs through the head of an open group without touching its words. */
function passesHead(group, box, x) {
  const at = x - box.x;
  return at > headWords(group, box.w).end + 8 && at < box.w - 34;
}

function joined(a, b) {
  if (!a) return { ...b };
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

/** Draws the scene at its new places. `anchors`: ids of items of which the first that is still there stays in place. */
function paint(seen, made, anchors) {
  const before = drawing.boxes;
  Object.assign(drawing, compose(seen, made));
  const anchor = anchors.find((id) => before.has(id) && drawing.boxes.has(id));
  const old = anchor && before.get(anchor);
  const now = anchor && drawing.boxes.get(anchor);
  if (old && now) {
    const x = camera.x + (old.x - now.x) * camera.scale;
    const y = camera.y + (old.y - now.y) * camera.scale;
    Object.assign(camera, { x, y });
    applyCamera();
  }
  graphElement.classList.add("moving");
  repaint();
  clearTimeout(drawing.timer);
  drawing.timer = setTimeout(() => graphElement.classList.remove("moving"), 260);
}

/** Draws everything anew at the same places: the stage, the heat or what is selected has changed. */
function repaint() {
  drawing.statuses = new Map();
  const kept = { cards: new Map(), frames: new Map() };
  const culled = drawing.boxes.size > ALL_CARDS;
  drawing.culled = culled;
  const range = windowInWorld(culled && !drawing.saving ? 300 : Infinity);
  for (const group of state.seen.open) {
    for (const item of group.items) {
      const open = !item.leaf && state.open.has(item.id);
      const box = drawing.boxes.get(item.id);
      if (range && !open && !overlaps(box, range)) continue;
      const status = statusOfItem(item);
      drawing.statuses.set(item.id, status);
      if (status === null) continue;
      const where = open ? "frames" : "cards";
      const key = `${JSON.stringify(status)}|${box.w}|${box.h}|${item.depth}|${state.heat}|${state.heat === "none" ? "" : `${state.stage}${themeNow()}`}|${stubKey(item)}`;
      let entry = drawing[where].get(item.id);
      if (!entry || entry.key !== key || entry.item !== item) {
        const element = open ? drawFrame(item, box, status) : drawCard(item, box, status);
        if (entry) entry.element.replaceWith(element);
        else layer[where].append(element);
        entry = { element, key, item };
      }
      entry.element.style.transform = `translate(${box.x}px, ${box.y}px)`;
      kept[where].set(item.id, entry);
    }
  }
  for (const where of ["cards", "frames"]) {
    for (const [id, { element }] of drawing[where]) if (!kept[where].has(id)) element.remove();
    drawing[where] = kept[where];
  }
  inReadingOrder();
  drawEdges(range);
  tell("painted");
}

/** Elements stand in the page as they are read: groups before what is in them, all in the order of the graph. */
function inReadingOrder() {
  const next = { cards: layer.cards.firstChild, frames: layer.frames.firstChild };
  const stack = [...state.root.items].reverse();
  while (stack.length) {
    const item = stack.pop();
    const where = !item.leaf && state.open.has(item.id) ? "frames" : "cards";
    const element = drawing[where].get(item.id)?.element;
    if (element) {
      if (element === next[where]) next[where] = element.nextSibling;
      else layer[where].insertBefore(element, next[where]);
    }
    if (where === "frames") stack.push(...[...item.items].reverse());
  }
}

function stubKey(item) {
  if (!item.stubs) return "";
  return ["in", "out"].map((end) => item.stubs[end].map((edge) => edge.key).slice(0, 1) + item.stubs[end].length).join("|");
}

/** The part of the drawing that the window shows, with a margin in pixels. */
function windowInWorld(margin) {
  if (margin === Infinity) return null;
  const { w, h } = windowSize();
  const { x, y, scale } = camera;
  return { x: (-x - margin) / scale, y: (-y - margin) / scale, w: (w + 2 * margin) / scale, h: (h + 2 * margin) / scale };
}

function overlaps(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Ids of what the window shows, those nearest to its middle first. */
function inWindow() {
  const range = windowInWorld(0);
  const [x, y] = [range.x + range.w / 2, range.y + range.h / 3];
  const found = [];
  for (const [id, box] of drawing.boxes) {
    if (!overlaps(box, range)) continue;
    const inside = box.x < x && x < box.x + box.w && box.y < y && y < box.y + box.h;
    found.push([Math.hypot(box.x + Math.min(box.w, 200) / 2 - x, box.y - y) + (inside ? 0 : 50), id]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, id]) => id);
}

/** The elements of an item: its card, or its frame. */
function elementOf(id) {
  return (drawing.cards.get(id) || drawing.frames.get(id))?.element;
}
