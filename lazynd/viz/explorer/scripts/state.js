// What the page shows, in one place, and who hears of a change of it.
"use strict";

const scenes = splitScenes();

const state = {
  stage: 0,
  scene: null,
  root: null,
  seen: null,
  open: new Set(),
  by: { phase: true, block: true, operator: true, repeat: true, line: true, stretch: true },
  hiddenKinds: new Set(["parameter", "number", "constant"]),
  hiddenOperators: new Set(),
  hiding: 0,
  heat: "none",
  fusions: false,
  cluster: null,
  selected: null,
  line: null,
  found: null,
};

const listeners = new Map();

/** Calls `action` whenever one of `topics` is told. */
function hears(topics, action) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(action);
  }
}

function tell(topic) {
  for (const action of listeners.get(topic) || EMPTY) action();
}

/** The tree of the scene that `stage` is in; made anew when the kinds of groups have changed. */
function treeFor(stage) {
  const scene = scenes.find((each) => each.includes(stage)).build();
  const by = JSON.stringify(state.by);
  if (scene.by !== by) {
    if (scene.by !== undefined) {
      scene.slots = null;
      scene.build();
    }
    scene.by = by;
    scene.root = buildTree(scene, state.by);
  }
  return scene;
}

/** So many cards of each phase are opened at first, unless all of the graph is no more than `SMALL`. */
const AT_FIRST = { forward: 26, gradient: 16, update: 8 };
const SMALL = 48;

/** What is open at first: everything in a small graph, else each phase a little, the forward one most. */
function openAtFirst(root) {
  const phases = root.children.filter((child) => child.what === "phase");
  if (!phases.length || sizeOfItem(root) <= SMALL) {
    openFirst(root, SMALL);
    return;
  }
  for (const phase of phases) {
    state.open.add(phase.id);
    openFirst(phase, AT_FIRST[phase.kind]);
    if (cardsIn(phase) > 2 * AT_FIRST[phase.kind]) state.open.delete(phase.id);
  }
}

/** How many cards a group shows when it is opened. */
function cardsIn(group) {
  return group.children.filter((child) => !child.leaf || isShown(child, state)).length;
}

/** Opens groups below `root`, those that matter first, while no more than `most` cards are seen. */
function openFirst(root, most) {
  let shown = cardsIn(root);
  // Repeated segments stay closed: they are closed for being long.
  const ranks = ["phase", "block", "operator", "line", "repeat", "step", "stretch"];
  const queue = new Heap((group) => ranks.indexOf(group.what) * 100 + group.depth);
  const add = (children) => children.forEach((child) => child.leaf || child.what === "body" || queue.push(child));
  add(root.children);
  while (queue.size) {
    const group = queue.pop();
    const more = cardsIn(group) - 1;
    if (group.times) continue;
    const structural = group.what === "phase" || group.what === "block";
    if (shown + more > (structural ? most : most / 2)) continue;
    shown += more;
    state.open.add(group.id);
    add(group.children);
  }
}

/** Every group around `item`, opened. */
function openAround(item) {
  for (const group of pathOf(item)) if (group.what !== "root") state.open.add(group.id);
}

/** The slot of a node id, at the stage shown. */
function slotOf(id) {
  const here = state.scene.at[state.stage - state.scene.first];
  return here.get(id) || state.scene.byKey.get(id);
}

/** The item (group or slot) of that id in the tree. */
function itemById(id) {
  const slot = state.scene.byKey.get(id);
  if (slot) return slot.item;
  const open = [state.root];
  while (open.length) {
    const group = open.pop();
    if (group.id === id) return group;
    for (const child of group.children) if (!child.leaf) open.push(child);
  }
  return null;
}

/** A number of an item at the stage shown: a slot's own, or the sum over a group's; null where none is known. */
function amount(item, measure) {
  if (item.leaf) return numberOf(item, measure);
  const key = `${measure}@${state.stage}`;
  if (!item.totals.has(key)) {
    let sum = null;
    for (const slot of item.slots()) {
      const number = numberOf(slot, measure);
      if (number !== null) sum = (sum || 0) + number;
    }
    item.totals.set(key, sum);
  }
  return item.totals.get(key);
}

function numberOf(slot, measure) {
  const offset = state.stage - state.scene.first;
  if (!((slot.mask >> offset) & 1)) return null;
  const record = view.nodes[slot.ids[offset]];
  if (measure === "count") return isInput(record) ? 0 : 1;
  if (isInput(record)) return null;
  return record[measure] ?? null;
}

/** The record of a slot at the stage shown; of a ghost, as it was before. */
function recordAt(slot) {
  const offset = state.stage - state.scene.first;
  return view.nodes[slot.ids[offset] || slot.ids[offset - 1] || slot.key] || slot.record;
}

/** What the stage did to an item: see `statusOf`; for a group {added, removed, changed}, or null where nothing of it is there. */
function statusOfItem(item) {
  if (item.leaf) return statusOf(item, state.scene, state.stage);
  const counts = { added: 0, removed: 0, changed: 0 };
  let there = false;
  for (const slot of item.slots()) {
    const status = statusOf(slot, state.scene, state.stage);
    if (status === null) continue;
    there = true;
    if (status) counts[status] += 1;
  }
  return there ? counts : null;
}
