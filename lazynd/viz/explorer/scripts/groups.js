// The tree of groups in which a scene is shown: forward, gradient and update, then blocks, then the operators that
// primitives come from, then repeated segments, source lines and, where all this is not enough, plain stretches.
// No group is entered again once it has been left (its nodes are convex), so that drawings have no circles.
"use strict";

const PHASES = { forward: "Forward", gradient: "Gradient", update: "Update" };
/** More children than this are divided further. */
const FULL = 48;
/** Fewer than this are not: they can be seen as they are. */
const FEW = 12;

const names = new Names();

class Group {
  constructor(what, id, title, parent) {
    Object.assign(this, { what, id, title, parent, children: [], leaf: false, detail: "", code: -1, totals: new Map() });
    this.depth = parent ? parent.depth + 1 : 0;
  }

  /** Every slot below, in order; of a call or loop its own, whatever its body has. */
  *slots() {
    const open = [this];
    while (open.length) {
      const next = open.pop();
      if (next.leaf) yield next;
      else if (next.what === "body") yield next.slot;
      else for (let i = next.children.length - 1; i >= 0; i -= 1) open.push(next.children[i]);
    }
  }
}

/** What an item is, for finding repeats: equal for items that compute the same. */
function codeOf(item) {
  if (item.leaf) {
    const { operator, types, parameters } = item.record;
    return names.of(`${operator}|${types}|${parameters ? JSON.stringify(parameters) : ""}`);
  }
  if (item.code < 0) {
    item.code = item.what === "body" ? codeOf(item.slot) : names.of(`(${item.children.map(codeOf).join(",")})`);
  }
  return item.code;
}

/** How many operators there are in an item. */
function sizeOfItem(item) {
  if (item.leaf) return isInput(item.record) ? 0 : 1;
  if (item.what === "body") return 1;
  if (item.size === undefined) item.size = item.children.reduce((sum, child) => sum + sizeOfItem(child), 0);
  return item.size;
}

const firstOf = (item) => {
  let at = item;
  while (!at.leaf) {
    if (at.what === "body") return at.slot;
    at = at.children[0];
  }
  return at;
};

/** The tree of `scene`; `by` says which kinds of groups there are. */
function buildTree(scene, by) {
  const root = new Group("root", "", view.title, null);
  const applied = scene.slots.filter((slot) => !isInput(slot.record));
  const phases = by.phase ? byKey(applied, (slot) => slot.record.kind) : new Map();
  if (phases.size > 1) {
    for (const kind of Object.keys(PHASES)) {
      if (!phases.has(kind)) continue;
      const group = new Group("phase", kind, PHASES[kind], root);
      group.kind = kind;
      root.children.push(group);
      fill(group, phases.get(kind), 0, scene, by);
    }
  } else fill(root, applied, 0, scene, by);
  for (const slot of scene.slots) if (isInput(slot.record)) placeInput(slot, root);
  return root;
}

function byKey(items, key) {
  const found = new Map();
  for (const item of items) {
    const name = key(item);
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(item);
  }
  return found;
}

/** The bundle of a slot in a group: the block, or the operator that it comes from, or itself. */
function bundleOf(slot, depth, scene, by) {
  if (by.block && slot.scope.length > depth) return `b:${slot.scope[depth]}`;
  const origin = slot.record.origin;
  if (by.operator && scene.first > 0 && origin && origin.length && !slot.ids.includes(origin[0])) return `o:${origin[0]}`;
  return `s:${slot.key}`;
}

/** Gives `group` its children: `slots`, bundled. `depth` counts the names of blocks that are used up. */
function fill(group, slots, depth, scene, by) {
  let bundles = byKey(slots, (slot) => bundleOf(slot, depth, scene, by));
  const only = bundles.size === 1 ? bundles.keys().next().value : "";
  if (only.startsWith("b:") && slots.length > 1) {
    if (group.what === "block") group.title += `.${only.slice(2)}`;
    else group.detail = group.detail ? `${group.detail}.${only.slice(2)}` : only.slice(2);
    fill(group, slots, depth + 1, scene, by);
    return;
  }
  bundles = convex(bundles);
  const items = [];
  const used = new Map();
  for (const [key, members] of bundles) {
    const [name] = key.split("\n");
    if (members.length === 1 || name.startsWith("s:")) {
      items.push(...members.map((slot) => leafItem(slot, group)));
      continue;
    }
    const visit = (used.get(name) || 0) + 1;
    used.set(name, visit);
    const block = name.startsWith("b:");
    const title = block ? name.slice(2) : titleOf(view.nodes[name.slice(2)]);
    const id = `${group.id}/${block ? name.slice(2) : name}${visit > 1 ? `~${visit}` : ""}`;
    const child = new Group(block ? "block" : "operator", id, visit > 1 ? `${title} (${visit})` : title, group);
    if (block) fill(child, members, depth + 1, scene, by);
    else settle(child, members.map((slot) => leafItem(slot, child)), by);
    items.push(child);
  }
  settle(group, inOrder(items), by);
}

/** A slot as an item of `group`; one with bodies becomes a group that can be opened. */
function leafItem(slot, group) {
  slot.parent = group;
  const bodies = slot.record.body;
  if (!bodies || !Object.keys(bodies).length) return slot;
  const wrapper = new Group("body", slot.key, titleOf(slot.record), group);
  wrapper.slot = slot;
  slot.item = wrapper;
  return wrapper;
}

/** Bundles of which none is entered again: those in a circle are divided into the visits that an order pays them. */
function convex(bundles) {
  const of = new Map();
  for (const [key, members] of bundles) for (const slot of members) of.set(slot, key);
  const circles = inCircles(bundles, of);
  if (!circles.size) return bundles;
  const made = new Map([...bundles].filter(([key]) => !circles.has(key)));
  const members = [...circles].flatMap((key) => bundles.get(key));
  const inside = new Set(members);
  const waiting = new Map(members.map((slot) => [slot, slot.reads.filter((edge) => inside.has(edge.from)).length]));
  const ready = new Map();
  const add = (slot) => {
    const key = of.get(slot);
    if (!ready.has(key)) ready.set(key, new Heap((each) => each.order));
    ready.get(key).push(slot);
  };
  for (const slot of members) if (!waiting.get(slot)) add(slot);
  let current = null;
  let visit = 0;
  while (ready.size) {
    if (!ready.has(current)) {
      current = [...ready].reduce((a, b) => (a[1].items[0].order <= b[1].items[0].order ? a : b))[0];
      visit += 1;
    }
    const slot = ready.get(current).pop();
    if (!ready.get(current).size) ready.delete(current);
    const key = `${current}\n${visit}`;
    if (!made.has(key)) made.set(key, []);
    made.get(key).push(slot);
    inside.delete(slot);
    for (const edge of slot.readers) {
      if (!inside.has(edge.to) || !edge.to.reads.includes(edge)) continue;
      waiting.set(edge.to, waiting.get(edge.to) - 1);
      if (!waiting.get(edge.to)) add(edge.to);
    }
  }
  if (inside.size) made.set("s:rest", [...inside]);
  return made;
}

/** The keys of bundles that lie in circles, or between circles, of the graph of bundles. */
function inCircles(bundles, of) {
  const sources = new Map([...bundles.keys()].map((key) => [key, new Set()]));
  const targets = new Map([...bundles.keys()].map((key) => [key, new Set()]));
  for (const [slot, key] of of) {
    for (const edge of slot.reads) {
      const other = of.get(edge.from);
      if (other === undefined || other === key) continue;
      sources.get(key).add(other);
      targets.get(other).add(key);
    }
  }
  const left = new Set(bundles.keys());
  const peel = (from, to) => {
    const open = [...left].filter((key) => !from.get(key).size);
    while (open.length) {
      const key = open.pop();
      if (!left.delete(key)) continue;
      for (const other of to.get(key)) {
        from.get(other).delete(key);
        if (!from.get(other).size && left.has(other)) open.push(other);
      }
      for (const other of from.get(key)) to.get(other).delete(key);
    }
  };
  peel(sources, targets);
  peel(targets, sources);
  return left;
}

/** For each item the numbers of those that it reads (`sources`), and of those that read it (`targets`). */
function linksOf(items) {
  const of = new Map();
  items.forEach((item, number) => {
    for (const slot of item.leaf ? [item] : item.what === "body" ? [item.slot] : item.slots()) of.set(slot, number);
  });
  const sources = items.map(() => new Set());
  const targets = items.map(() => new Set());
  for (const [slot, number] of of) {
    for (const edge of slot.reads) {
      const other = of.get(edge.from);
      if (other === undefined || other === number) continue;
      sources[number].add(other);
      targets[other].add(number);
    }
  }
  return { sources, targets };
}

/** Items in an order in which inputs come first, otherwise as their first slots. */
function inOrder(items) {
  const { sources, targets } = linksOf(items);
  const orders = items.map((item) => firstOf(item).order);
  const ready = new Heap((number) => orders[number]);
  items.forEach((_, number) => sources[number].size || ready.push(number));
  const made = [];
  while (ready.size) {
    const number = ready.pop();
    made.push(items[number]);
    for (const other of targets[number]) {
      sources[other].delete(number);
      if (!sources[other].size) ready.push(other);
    }
  }
  if (made.length === items.length) return made;
  return [...items].sort((a, b) => firstOf(a).order - firstOf(b).order);
}

/** Gives `group` the children `items`, with repeats, lines and stretches made groups of their own. */
function settle(group, items, by) {
  let found = items;
  if (by.repeat && found.length > FEW) found = withRepeats(group, found, by);
  if (by.line && found.length > FEW) found = withLines(group, found, by);
  if (by.stretch && found.length > FULL) found = withStretches(group, found);
  adopt(group, found);
}

function adopt(group, items) {
  group.children = items;
  for (const item of items) {
    item.parent = group;
    if (!item.leaf) deepen(item);
  }
}

function deepen(group) {
  const open = [group];
  while (open.length) {
    const next = open.pop();
    next.depth = next.parent.depth + 1;
    for (const child of next.children) if (!child.leaf) open.push(child);
  }
}

function withRepeats(group, items, by) {
  const other = byDistance(items);
  const [here, there] = [items, other].map((each) => findRepeats(each.map(codeOf), 10));
  if (largest(there) > largest(here) && left(other, there) <= left(items, here)) return withFound(group, other, there, by);
  return withFound(group, items, here, by);
}

/** How many items there are when each repeat is one. */
function left(items, repeats) {
  return repeats.reduce((sum, { times, length }) => sum - times * length + 1, items.length);
}

function largest(repeats) {
  return repeats.reduce((most, { times, length }) => Math.max(most, times * length), 0);
}

/** Items by how far they are from the end: what a step of a loop reads comes with the step, however it was recorded. */
function byDistance(items) {
  const { sources, targets } = linksOf(items);
  const waiting = targets.map((each) => each.size);
  const far = items.map(() => 0);
  const ready = [...items.keys()].filter((i) => !waiting[i]);
  while (ready.length) {
    const number = ready.pop();
    for (const source of sources[number]) {
      far[source] = Math.max(far[source], far[number] + 1);
      waiting[source] -= 1;
      if (!waiting[source]) ready.push(source);
    }
  }
  // In the same layer what goes on comes before what begins, so that a step ends before the next one does; what reads
  // nothing at all is there before the first.
  const depth = depthsOf(items, sources, targets);
  const by = (i) => (firstOf(items[i]).reads.length ? depth[i] : Infinity);
  const order = (a, b) => far[b] - far[a] || (by(a) === by(b) ? 0 : by(b) - by(a)) || codeOf(items[a]) - codeOf(items[b]) || a - b;
  return [...items.keys()].sort(order).map((i) => items[i]);
}

/** The length of the longest way to each item. */
function depthsOf(items, sources, targets) {
  const waiting = sources.map((each) => each.size);
  const depth = items.map(() => 0);
  const ready = [...items.keys()].filter((i) => !waiting[i]);
  while (ready.length) {
    const number = ready.pop();
    for (const target of targets[number]) {
      depth[target] = Math.max(depth[target], depth[number] + 1);
      waiting[target] -= 1;
      if (!waiting[target]) ready.push(target);
    }
  }
  return depth;
}

function withFound(group, items, repeats, by) {
  const made = [];
  let at = 0;
  for (const { start, length, times } of repeats) {
    if (start === 0 && length * times === items.length && group.what === "step") continue;
    made.push(...items.slice(at, start));
    const id = `${group.id}/x${start}`;
    const what = length === 1 ? titleOfItem(items[start]) : group.what === "block" ? group.title : `${length} operators`;
    const repeat = new Group("repeat", id, what, group);
    repeat.times = times;
    repeat.each = length;
    const steps = [];
    for (let i = 0; i < times; i += 1) {
      const part = items.slice(start + i * length, start + (i + 1) * length);
      if (length === 1) {
        steps.push(part[0]);
        continue;
      }
      const step = new Group("step", `${id}/${i}`, `${i + 1} of ${times}`, repeat);
      settle(step, part, { ...by, repeat: false });
      steps.push(step);
    }
    adopt(repeat, by.stretch && steps.length > FULL ? withStretches(repeat, steps) : steps);
    made.push(repeat);
    at = start + length * times;
  }
  made.push(...items.slice(at));
  return made.length === 1 && !made[0].leaf && made[0].what === "repeat" ? merge(group, made[0]) : made;
}

/** A group whose only child is a repeat is that repeat. */
function merge(group, repeat) {
  if (group.what === "phase" || group.what === "root") return [repeat];
  group.times = repeat.times;
  group.each = repeat.each;
  return repeat.children;
}

function titleOfItem(item) {
  return item.leaf ? titleOf(item.record) : item.title;
}

function withLines(group, items) {
  const line = (item) => {
    const { file, line: number } = firstOf(item).record;
    return item.leaf && file !== undefined && file !== null ? `${file}:${number}` : "";
  };
  const runs = [];
  for (const item of items) {
    const last = runs[runs.length - 1];
    const name = line(item);
    if (last && name && last.name === name) last.items.push(item);
    else runs.push({ name, items: [item] });
  }
  if (runs.length < 3) return items;
  return runs.flatMap(({ items: run }, number) => {
    if (run.length < 3) return run;
    const { file, line: at } = run[0].record;
    const child = new Group("line", `${group.id}/l${run[0].key}`, `${view.files[file].name}:${at}`, group);
    child.detail = lineText(file, at);
    child.number = number;
    adopt(child, run.length > FULL ? withStretches(child, run) : run);
    return [child];
  });
}

function withStretches(group, items) {
  const size = items.length <= 10 * FULL ? 10 : Math.ceil(items.length / 40);
  const word = group.what === "repeat" && items[0].what === "step" ? "step" : "node";
  const made = [];
  for (let at = 0; at < items.length; at += size) {
    const part = items.slice(at, at + size);
    const title = `${word}s ${grouped(at + 1)} – ${grouped(at + part.length)}`;
    const child = new Group("stretch", `${group.id}/s${at}-${at + part.length}`, title, group);
    if (word === "node") child.detail = `${titleOfItem(part[0])} … ${titleOfItem(part[part.length - 1])}`;
    adopt(child, part.length > FULL ? withStretches(child, part) : part);
    made.push(child);
  }
  return made;
}

/** An input stands in the innermost group that has all its readers of the first phase that reads it. */
function placeInput(slot, root) {
  const readers = slot.readers.map((edge) => edge.to).filter((reader) => reader.parent);
  if (!readers.length) {
    adopt(root, [slot, ...root.children]);
    return;
  }
  const phase = Object.keys(PHASES).find((kind) => readers.some((reader) => reader.record.kind === kind));
  const paths = readers.filter((reader) => !phase || reader.record.kind === phase).map((reader) => pathOf(reader.item));
  let common = 0;
  while (paths.every((path) => path.length > common && path[common] === paths[0][common])) common += 1;
  const home = common ? paths[0][common - 1] : root;
  slot.parent = home;
  home.children.unshift(slot);
}

/** The groups that an item lies in, outermost first. */
function pathOf(item) {
  const path = [];
  for (let at = item.parent; at; at = at.parent) path.unshift(at);
  return path;
}

/** Makes the children of a call, loop or choice from the graphs of its bodies. */
function openBody(group, scene, by) {
  if (group.children.length) return;
  const { slot } = group;
  const byName = new Map();
  slot.ids.forEach((id, offset) => {
    for (const [what, name] of Object.entries((id && view.nodes[id].body) || {})) {
      const found = byName.get(name) || { what, name, mask: 0 };
      found.mask |= 1 << offset;
      byName.set(name, found);
    }
  });
  for (const { what, name, mask } of byName.values()) {
    const home = byName.size > 1 ? new Group("part", `${group.id}/${name}`, name.startsWith(what) ? what.replaceAll("_", " ") : `${what}: ${name}`, group) : group;
    const slots = bodySlots(scene, group.id, view.graphs[name], mask);
    fill(home, slots.filter((each) => !isInput(each.record)), 0, scene, by);
    for (const each of slots) if (isInput(each.record)) placeInput(each, home);
    if (home !== group) {
      home.mask = mask;
      group.children.push(home);
      deepen(home);
    }
  }
}

function bodySlots(scene, prefix, graph, mask) {
  const here = new Map();
  const ids = [...graph.inputs, ...graph.nodes];
  ids.forEach((id, number) => {
    const slot = scene.slot(`${prefix}/${id}`, id, number / ids.length);
    for (let offset = 0; mask >> offset; offset += 1) if ((mask >> offset) & 1) scene.place(slot, id, offset);
    here.set(id, slot);
  });
  for (let offset = 0; mask >> offset; offset += 1) if ((mask >> offset) & 1) scene.connect(graph, here, offset);
  const made = [...here.values()];
  scene.found(made);
  order(made);
  return made;
}
