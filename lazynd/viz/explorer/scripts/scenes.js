// Scenes. Stages that follow each other and share most of their nodes are one scene. All that they have is laid out
// together, once, so that going from one pass to the next moves nothing. A slot is the place of one node through them.
"use strict";

/** At least this share of the smaller of two stages has to be the same for both to be in one scene. */
const SHARED = 0.5;

const likeness = (id) => `${view.nodes[id].operator}|${view.nodes[id].types}`;
const ancestry = (id) => `${likeness(id)}|${view.nodes[id].origin || ""}`;

/** New id -> id in the stage before of which it is the renewed form: the same operator on replaced inputs, mostly. */
function renewals(k) {
  const before = new Set(view.stages[k - 1].graph.nodes);
  const now = new Set(view.stages[k].graph.nodes);
  const found = new Map();
  const taken = new Set();
  const pair = (came, went, key) => {
    const waiting = new Map();
    for (const id of went) {
      if (now.has(id) || taken.has(id)) continue;
      const name = key(id);
      if (!waiting.has(name)) waiting.set(name, []);
      waiting.get(name).push(id);
    }
    for (const id of came) {
      if (before.has(id) || found.has(id)) continue;
      const old = waiting.get(key(id))?.shift();
      if (old === undefined) continue;
      found.set(id, old);
      taken.add(old);
    }
  };
  for (const change of view.stages[k].changed || EMPTY) {
    const { nodes = EMPTY, from = EMPTY } = change;
    if (isDiff && nodes.length && from.length) found.set(nodes[0], from[0]);
    else if (nodes.length && from.length && nodes.length + from.length < 200) pair(nodes, from, likeness);
  }
  if (!isDiff) pair(view.stages[k].graph.nodes, view.stages[k - 1].graph.nodes, ancestry);
  return found;
}

class Scene {
  constructor(first) {
    this.first = first;
    this.last = first;
    this.renewed = [new Map()];
    this.slots = null;
  }

  includes(stage) {
    return stage >= this.first && stage <= this.last;
  }

  /** Makes the slots, when the scene is shown for the first time. */
  build() {
    if (this.slots) return this;
    this.slots = [];
    this.at = [];
    this.byKey = new Map();
    for (let k = this.first; k <= this.last; k += 1) {
      const here = new Map();
      const before = this.at[this.at.length - 1];
      const graph = view.stages[k].graph;
      const ids = [...graph.inputs, ...graph.nodes];
      ids.forEach((id, number) => {
        const old = before && (before.get(id) || before.get(this.renewed[k - this.first].get(id)));
        const slot = old || this.slot(id, id, number / ids.length);
        this.place(slot, id, k - this.first);
        here.set(id, slot);
      });
      this.at.push(here);
      this.connect(graph, here, k - this.first);
    }
    this.found();
    order(this.slots);
    return this;
  }

  /** What the slots' first edges are, and which slots are constants: primitives that read constants only. */
  found(slots = this.slots) {
    for (const slot of slots) {
      const first = slot.mask & -slot.mask;
      slot.reads = slot.inputs.filter((edge) => edge.mask & first);
    }
    const done = new Map();
    for (const slot of slots) {
      const stack = [slot];
      while (stack.length) {
        const next = stack[stack.length - 1];
        if (done.has(next)) {
          stack.pop();
          continue;
        }
        const primitive = next.record.operator.startsWith("ir.");
        const open = primitive ? next.reads.map((edge) => edge.from).filter((source) => !done.has(source)) : EMPTY;
        if (open.length && stack.length < 200) stack.push(...open);
        else {
          stack.pop();
          next.constant = primitive && next.reads.every((edge) => done.get(edge.from));
          done.set(next, next.constant);
        }
      }
    }
  }

  slot(key, id, rank) {
    const record = view.nodes[id];
    const slot = {
      key, id: key, leaf: true, ids: [], mask: 0, record, rank, order: 0, inputs: [], reads: EMPTY, known: new Map(), readers: [], constant: false,
      result: 0, parent: null, item: null, scope: record.scope ? record.scope.split(".") : EMPTY,
    };
    slot.item = slot;
    this.slots.push(slot);
    this.byKey.set(key, slot);
    return slot;
  }

  place(slot, id, offset) {
    slot.ids[offset] = id;
    slot.mask |= 1 << offset;
    slot.record = view.nodes[id];
  }

  /** The edges of one stage: which results of which slots each slot reads. */
  connect(graph, here, offset) {
    for (const id of graph.nodes) {
      const slot = here.get(id);
      (view.nodes[id].inputs || EMPTY).forEach(([from, output]) => {
        const source = here.get(from);
        if (!source || source === slot) return;
        const name = `${source.key}:${output}`;
        let edge = slot.known.get(name);
        if (!edge) {
          edge = { from: source, to: slot, output, value: name, mask: 0 };
          slot.known.set(name, edge);
          slot.inputs.push(edge);
          source.readers.push(edge);
        }
        edge.mask |= 1 << offset;
      });
    }
    for (const [id] of graph.results) if (here.has(id)) here.get(id).result |= 1 << offset;
  }
}

/** Numbers the slots so that inputs come before what reads them, otherwise as they came. */
function order(slots) {
  const waiting = new Map(slots.map((slot) => [slot, slot.reads.length]));
  const readers = new Map();
  for (const slot of slots) {
    for (const { from } of slot.reads) {
      if (!readers.has(from)) readers.set(from, []);
      readers.get(from).push(slot);
    }
  }
  const ready = new Heap((slot) => slot.rank);
  for (const slot of slots) if (!slot.reads.length) ready.push(slot);
  const left = new Set(slots);
  let number = 0;
  while (left.size) {
    // First edges make no circles; were there one, it would be cut at its first slot.
    const slot = ready.size ? ready.pop() : left.values().next().value;
    if (!left.delete(slot)) continue;
    slot.order = number;
    number += 1;
    for (const reader of readers.get(slot) || EMPTY) {
      const count = waiting.get(reader) - 1;
      waiting.set(reader, count);
      if (count === 0 && left.has(reader)) ready.push(reader);
    }
  }
  slots.sort((a, b) => a.order - b.order);
}

/** All scenes, in order; their slots are made when they are shown. */
function splitScenes() {
  const scenes = [];
  view.stages.forEach((stage, k) => {
    const current = scenes[scenes.length - 1];
    if (current && k - current.first < 30) {
      const before = new Set(view.stages[k - 1].graph.nodes);
      const renewed = renewals(k);
      const kept = stage.graph.nodes.filter((id) => before.has(id) || renewed.has(id)).length;
      const least = SHARED * Math.min(before.size, stage.graph.nodes.length);
      if (isDiff || kept >= least || !stage.graph.nodes.length) {
        current.last = k;
        current.renewed.push(renewed);
        return;
      }
    }
    scenes.push(new Scene(k));
  });
  return scenes;
}

/** What the stage made of the slot: "", "added", "removed" (a ghost), "changed", or null where it is not to be seen. */
function statusOf(slot, scene, stage) {
  const offset = stage - scene.first;
  const now = (slot.mask >> offset) & 1;
  const before = offset > 0 ? (slot.mask >> (offset - 1)) & 1 : now;
  if (!now) return before ? "removed" : null;
  if (!before) return "added";
  if (offset === 0 || slot.ids[offset] === slot.ids[offset - 1]) return "";
  const [a, b] = [view.nodes[slot.ids[offset - 1]], view.nodes[slot.ids[offset]]];
  const same = a.operator === b.operator && `${a.types}` === `${b.types}` && JSON.stringify(a.parameters) === JSON.stringify(b.parameters);
  return same ? "" : "changed";
}
