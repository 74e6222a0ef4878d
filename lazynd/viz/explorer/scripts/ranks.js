// A layered drawing of our own, quick on thousands of nodes: longest paths give the layers, barycentres the order in
// them, and places are those nearest to the neighbours that leave nothing overlapping.
"use strict";

const RANK_GAP = 44;
const ITEM_GAP = 30;
const SWEEPS = 8;
/** Longer edges are drawn straight: places in each layer between would cost more than they show. */
const BENDS = 12;

/** items: [[w, h]]; edges: [[from, to]] by number. Gives {places: [[x, y]], paths: [[[x, y]]], w, h}. */
function layered(items, edges) {
  const rank = ranksOf(items.length, edges);
  const boxes = items.map(([w, h], number) => ({ w, h, number, rank: rank[number], up: [], down: [], x: 0 }));
  const chains = edges.map(([from, to]) => chain(boxes, from, to));
  const layers = [];
  for (const box of boxes) (layers[box.rank] ||= []).push(box);
  for (const layer of layers) layer.forEach((box, at) => (box.at = at));
  sweep(layers);
  let y = 0;
  let [left, right] = [Infinity, -Infinity];
  for (const layer of layers) {
    const tall = Math.max(...layer.map((box) => box.h));
    for (const box of layer) {
      box.y = y + (tall - box.h) / 2;
      box.beside = tall / 2;
      left = Math.min(left, box.x - box.w / 2);
      right = Math.max(right, box.x + box.w / 2);
    }
    y += tall + RANK_GAP;
  }
  const paths = chains.map((boxesOfChain) => pathThrough(boxesOfChain, left));
  return {
    places: boxes.slice(0, items.length).map((box) => [box.x - box.w / 2 - left, box.y]),
    paths,
    w: items.length ? right - left : 0,
    h: Math.max(0, y - RANK_GAP),
  };
}

function ranksOf(count, edges) {
  const next = Array.from({ length: count }, () => []);
  const waiting = new Array(count).fill(0);
  for (const [from, to] of edges) {
    next[from].push(to);
    waiting[to] += 1;
  }
  const rank = new Array(count).fill(0);
  const left = new Set(rank.keys());
  const ready = [...left].filter((each) => !waiting[each]).reverse();
  while (left.size) {
    const each = ready.length ? ready.pop() : left.values().next().value;
    if (!left.delete(each)) continue;
    for (const other of next[each]) {
      waiting[other] -= 1;
      if (!left.has(other)) continue;
      rank[other] = Math.max(rank[other], rank[each] + 1);
      if (!waiting[other]) ready.push(other);
    }
  }
  // What reads nothing stands right above its first reader.
  const reads = new Set(edges.map(([, to]) => to));
  for (const each of rank.keys()) {
    if (!reads.has(each) && next[each].length) rank[each] = Math.max(0, Math.min(...next[each].map((o) => rank[o])) - 1);
  }
  return rank;
}

/** The boxes that an edge runs through, with a thin one in each layer between its ends. */
function chain(boxes, from, to) {
  const made = [boxes[from]];
  const span = boxes[to].rank - boxes[from].rank;
  for (let step = 1; step < span && span <= BENDS; step += 1) {
    const thin = { w: 12, h: 0, number: -1, rank: boxes[from].rank + step, up: [], down: [], x: 0 };
    boxes.push(thin);
    made.push(thin);
  }
  made.push(boxes[to]);
  for (let i = 1; i < made.length; i += 1) {
    made[i - 1].down.push(made[i]);
    made[i].up.push(made[i - 1]);
  }
  return made;
}

function sweep(layers) {
  for (const layer of layers) spread(layer, () => null);
  const used = layers.reduce((sum, layer) => sum + layer.length, 0) > 4000 ? 4 : SWEEPS;
  for (let round = 0; round < used; round += 1) {
    const down = round % 2 === 0;
    const settled = round >= used - 2;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wanted = (box) => mean(down || settled ? box.up : EMPTY_LIST, down && !settled ? EMPTY_LIST : box.down);
      if (!settled) {
        const at = new Map(layer.map((box) => [box, wanted(box) ?? box.x]));
        layer.sort((a, b) => at.get(a) - at.get(b) || a.at - b.at);
        layer.forEach((box, number) => (box.at = number));
      }
      spread(layer, wanted);
    }
  }
}

const EMPTY_LIST = [];

function mean(some, others) {
  if (!some.length && !others.length) return null;
  let sum = 0;
  for (const box of some) sum += box.x;
  for (const box of others) sum += box.x;
  return sum / (some.length + others.length);
}

/** Places the boxes of a layer, in their order, as near to where they want to be as their widths allow (least squares). */
function spread(layer, wanted) {
  const blocks = [];
  let offset = 0;
  layer.forEach((box, number) => {
    if (number) offset += (layer[number - 1].w + box.w) / 2 + ITEM_GAP;
    const want = (wanted(box) ?? box.x) - offset;
    blocks.push({ sum: want, count: 1, boxes: [[box, offset]] });
    while (blocks.length > 1) {
      const [a, b] = blocks.slice(-2);
      if (a.sum / a.count <= b.sum / b.count) break;
      a.sum += b.sum;
      a.count += b.count;
      a.boxes.push(...b.boxes);
      blocks.pop();
    }
  });
  for (const { sum, count, boxes } of blocks) for (const [box, shift] of boxes) box.x = sum / count + shift;
}

function pathThrough(boxes, left) {
  const first = boxes[0];
  const last = boxes[boxes.length - 1];
  return [
    [first.x - left, first.y + first.h],
    ...boxes.slice(1, -1).flatMap((box) => [[box.x - left, box.y - box.beside], [box.x - left, box.y + box.beside]]),
    [last.x - left, last.y],
  ];
}
