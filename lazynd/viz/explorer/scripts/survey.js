// What is to be seen: the items of every open group, and the edges between them, each value with the edges that carry
// it. An edge that would run far becomes two stubs, which name what they lead to.
"use strict";

/** An edge over more layers than this is drawn as stubs; so is what enters or leaves a group as deep as this. */
const FAR = 9;
/** No more than so many edges over several layers are drawn in a group; further ones are stubs. */
const LONG_EDGES = 14;
/** Nor more ways into a group, or out of it, that lead far. */
const PORTS = 4;

/** What is shown of the tree: {root, open, edges}; `open` are the open groups, inner ones first. */
function survey(root, scene, state) {
  const seen = { root, open: [], edges: new Map(), shown: (slot) => isShown(slot, state) };
  const stack = [[root, false]];
  while (stack.length) {
    const [group, after] = stack.pop();
    if (after) {
      seen.open.push(group);
      continue;
    }
    group.cover = null;
    group.items = [];
    for (const child of group.children) {
      if (child.leaf ? seen.shown(child) : hasShown(child, state)) group.items.push(child);
    }
    stack.push([group, true]);
    for (const child of group.items) {
      if (child.leaf) continue;
      if (state.open.has(child.id)) {
        if (child.what === "body") openBody(child, scene, state.by);
        stack.push([child, false]);
      } else closeOver(child);
    }
  }
  root.lanes = root.items.some((item) => item.what === "phase");
  collect(seen, scene);
  divide(seen);
  return seen;
}

function isShown(slot, state) {
  if (slot.constant && state.hiddenKinds.has("constant")) return false;
  return !(isInput(slot.record) ? state.hiddenKinds.has(inputKind(slot)) : state.hiddenOperators.has(slot.record.operator));
}

/** The kind of an input; what updates alone read is kept from step to step, as parameters are. */
function inputKind(slot) {
  const { kind } = slot.record;
  if (kind !== "data" || !slot.readers.length) return kind;
  return slot.readers.every((edge) => edge.to.record.kind === "update") ? "parameter" : kind;
}

function hasShown(group, state) {
  const key = state.hiding;
  if (group.shownFor !== key) {
    group.shownFor = key;
    group.anyShown = false;
    for (const slot of group.slots()) {
      if (isShown(slot, state)) {
        group.anyShown = true;
        break;
      }
    }
  }
  return group.anyShown;
}

/** Everything below the closed `group` is covered by it. */
function closeOver(group) {
  const stack = [group];
  while (stack.length) {
    const next = stack.pop();
    next.cover = group;
    for (const child of next.children) if (!child.leaf) stack.push(child);
  }
}

/** The item that stands for `slot` in the drawing: itself, or the closed group over it. */
function standIn(slot) {
  return (slot.item.leaf ? slot.parent : slot.item).cover || (slot.item.leaf ? slot.parent.cover : slot.item.parent.cover) || slot.item;
}

/** The edges between what is seen. Hidden nodes are passed through: who reads them is led to what they read. */
function collect(seen, scene) {
  const through = new Map();
  const sources = (edge) => {
    if (seen.shown(edge.from)) return [edge];
    if (isInput(edge.from.record)) return EMPTY;
    return through.get(edge.from) || EMPTY;
  };
  for (const slot of scene.slots) {
    if (!slot.parent) continue;
    const reads = slot.inputs.length === 1 ? sources(slot.inputs[0]) : slot.inputs.flatMap(sources);
    if (!seen.shown(slot)) {
      through.set(slot, reads.slice(0, 8));
      continue;
    }
    const to = standIn(slot);
    for (const edge of reads) {
      const from = standIn(edge.from);
      if (from === to) continue;
      const key = `${from.id}>${to.id}`;
      let found = seen.edges.get(key);
      if (!found) {
        found = { key, from, to, values: new Map(), stub: false };
        seen.edges.set(key, found);
      }
      found.values.set(edge.value, (found.values.get(edge.value) || 0) | edge.mask);
    }
  }
}

/** Puts each edge into the groups that it runs through, or makes stubs of it. */
function divide(seen) {
  for (const group of seen.open) {
    group.lines = new Map();
    Object.assign(group, { ranks: null, ways: null, entered: new Set(), left: new Set() });
    for (const item of group.items) item.stubs = { in: [], out: [] };
  }
  for (const edge of seen.edges.values()) trace(edge);
  const direct = new Map();
  for (const edge of seen.edges.values()) {
    if (!direct.has(edge.home)) direct.set(edge.home, []);
    direct.get(edge.home).push(edge);
  }
  for (const group of seen.open) rankItems(group, direct.get(group) || EMPTY);
  for (const group of seen.open) tooMany(group, direct.get(group) || EMPTY);
  for (const edge of seen.edges.values()) fewPorts(edge);
  for (const edge of seen.edges.values()) {
    if (edge.stub || isFar(edge)) {
      edge.stub = true;
      if (edge.from.what !== "phase") edge.from.stubs.out.push(edge);
      if (edge.to.what !== "phase") edge.to.stubs.in.push(edge);
    }
    if (!edge.stub || edge.home.lanes) pieces(edge);
  }
}

/** Where an edge runs: `home` is the innermost group with both ends; `ups` and `downs` the items on the way. */
function trace(edge) {
  edge.ups = [edge.from];
  edge.downs = [edge.to];
  let [a, b] = [edge.from, edge.to];
  while (a.parent !== b.parent) {
    if (levelOf(a) >= levelOf(b)) {
      a = a.parent;
      edge.ups.push(a);
    } else {
      b = b.parent;
      edge.downs.push(b);
    }
  }
  edge.home = a.parent;
  for (const item of edge.downs) if (item.parent !== edge.home) item.parent.entered.add(item);
  for (const item of edge.ups) if (item.parent !== edge.home) item.parent.left.add(item);
  // The body of an open call belongs to the call: what the call reads does not run into it.
  edge.downs.reverse();
}

function levelOf(item) {
  return item.parent.depth + 1;
}

/** The layer of each item of `group`, counted from those that read nothing in it. */
function rankItems(group, edges) {
  const next = new Map(group.items.map((item) => [item, new Set()]));
  const waiting = new Map(group.items.map((item) => [item, 0]));
  for (const edge of edges) {
    const [a, b] = [edge.ups[edge.ups.length - 1], edge.downs[0]];
    if (a === b || !next.has(a) || next.get(a).has(b)) continue;
    next.get(a).add(b);
    waiting.set(b, waiting.get(b) + 1);
  }
  group.ranks = new Map(group.items.map((item) => [item, 0]));
  const ready = group.items.filter((item) => !waiting.get(item));
  group.deepest = 0;
  while (ready.length) {
    const item = ready.pop();
    const rank = group.ranks.get(item);
    group.deepest = Math.max(group.deepest, rank);
    for (const other of next.get(item)) {
      group.ranks.set(other, Math.max(group.ranks.get(other), rank + 1));
      waiting.set(other, waiting.get(other) - 1);
      if (!waiting.get(other)) ready.push(other);
    }
  }
}

function spanOf(edge) {
  return edge.home.ranks.get(edge.downs[0]) - edge.home.ranks.get(edge.ups[edge.ups.length - 1]);
}

function isFar(edge) {
  if (edge.home.lanes || spanOf(edge) > FAR) return true;
  for (const item of edge.ups) {
    if (item.parent !== edge.home && item.parent.deepest - item.parent.ranks.get(item) > FAR) return true;
  }
  return edge.downs.some((item) => item.parent !== edge.home && item.parent.ranks.get(item) > FAR);
}

function tooMany(group, edges) {
  const long = edges.filter((edge) => spanOf(edge) > 2).sort((a, b) => spanOf(a) - spanOf(b));
  for (const edge of long.slice(LONG_EDGES)) edge.stub = true;
}

/** Where many items of a group read from outside, only those at its top do so by a line; at its bottom likewise. */
function fewPorts(edge) {
  for (const item of edge.downs.slice(1)) {
    const group = item.parent;
    group.ways ??= waysOf(group);
    if (group.ways.in > PORTS && group.ranks.get(item) > 1) edge.stub = true;
  }
  for (const item of edge.ups.slice(0, -1)) {
    const group = item.parent;
    group.ways ??= waysOf(group);
    if (group.ways.out > PORTS && group.ranks.get(item) < group.deepest - 1) edge.stub = true;
  }
}

function waysOf(group) {
  return { in: group.entered.size, out: group.left.size };
}

/** The pieces of an edge: out of the groups around its source, across its home, into those around its target. */
function pieces(edge) {
  const first = edge.ups[edge.ups.length - 1];
  piece(edge.home, first, edge.downs[0], edge);
  if (edge.home.lanes) return;
  for (const item of edge.ups.slice(0, -1)) piece(item.parent, item, "out", edge);
  for (const item of edge.downs.slice(1)) piece(item.parent, "in", item, edge);
}

function piece(group, from, to, edge) {
  const key = `${from.id || from}>${to.id || to}`;
  if (!group.lines.has(key)) group.lines.set(key, { key, from, to, values: new Map() });
  const { values } = group.lines.get(key);
  for (const [value, mask] of edge.values) values.set(value, (values.get(value) || 0) | mask);
}
