// What can be done to the graph: select, open, jump, change the pass.
"use strict";

/** Selects an item; `show` brings it into view. Null selects nothing. */
function select(item, show) {
  state.selected = item;
  state.line = null;
  if (item) showTab("node");
  if (show && item && drawing.boxes.has(item.id)) bringIntoView(drawing.boxes.get(item.id));
  tell("selection");
}

/** Opens a closed group and closes an open one. */
function toggle(group) {
  if (group.leaf) return;
  if (state.open.has(group.id)) state.open.delete(group.id);
  else {
    state.open.add(group.id);
    if (group.what === "body") openBody(group, state.scene, state.by);
    openOnly(group);
  }
  state.anchor = group.id;
  state.selected = group;
  state.line = null;
  tell("structure");
  tell("selection");
}

/** A group with one group in it is opened with it. */
function openOnly(group) {
  let at = group;
  while (at.children.length === 1 && !at.children[0].leaf && at.children[0].what !== "body") {
    [at] = at.children;
    state.open.add(at.id);
  }
}

/** Opens what lies around an item, selects it and shows it, wherever it was. */
function jumpTo(item) {
  openAround(item);
  const slot = item.leaf ? item : null;
  const kind = slot && (slot.constant ? "constant" : isInput(slot.record) ? inputKind(slot) : null);
  if (kind && state.hiddenKinds.delete(kind)) {
    state.hiding += 1;
    document.querySelector(`[data-kind="${kind}"]`).checked = true;
  }
  if (slot && state.hiddenOperators.delete(slot.record.operator)) state.hiding += 1;
  state.selected = item;
  state.line = null;
  state.goal = item.id;
  showTab("node");
  tell("structure");
  tell("selection");
}

function jumpToId(id) {
  const slot = slotOf(id) || state.scene.at.map((here) => here.get(id)).find(Boolean);
  if (slot) {
    jumpTo(slot.item);
    return;
  }
  const home = scenes.find((scene) => scene.build().at.some((here) => here.has(id)));
  if (!home) return;
  const offset = home.at.findIndex((here) => here.has(id));
  goToStage(home.first + offset);
  jumpTo(home.at[offset].get(id).item);
}

function goToRecorded(id) {
  goToStage(0);
  jumpToId(id);
}

/** Follows a stub: to its other end, or, where there are several, to the list of them. */
function follow(stub) {
  if (stub.edges.length === 1) {
    jumpTo(stub.edges[0][stub.end]);
    return;
  }
  const card = stub.closest(".card");
  const item = itemById(card.dataset.id);
  select(item);
  const pane = document.getElementById("pane-node");
  const others = stub.edges.map((edge) => edge[stub.end]);
  pane.replaceChildren(...nodeTitle(item), section(stub.end === "from" ? "Reads, from far" : "Read by, far away", rows(others, (other) => kindOf(other))));
  pane.querySelector("button.row")?.focus();
}

function nodeTitle(item) {
  return [h("div", { class: "pane-title" }, h("h3", {}, wordsOf(item).title), h("span", { class: `pill ${kindOf(item)}` }, kindOf(item)))];
}

/** Shows another stage. Within a scene nothing moves; what is selected stays selected, or is what came from it. */
function goToStage(stage) {
  if (stage < 0 || stage >= view.stages.length || stage === state.stage) return;
  const before = state.scene;
  state.stage = stage;
  if (before.includes(stage)) {
    tell("pass");
    return;
  }
  const selected = state.selected;
  tell("stage");
  if (selected) carrySelection(selected);
  tell("selection");
}

function carrySelection(old) {
  if (!old.leaf) {
    state.selected = itemById(old.id);
    return;
  }
  const origin = (old.record.origin || EMPTY)[0];
  const same = state.scene.byKey.get(old.key);
  const heir = same || state.scene.slots.find((slot) => slot.parent && (slot.record.origin || EMPTY).includes(origin));
  const item = heir && (heir === same || heir.parent.what !== "operator" ? heir.item : heir.parent);
  state.selected = item || null;
}

function closeAll() {
  state.open.clear();
  state.selected = null;
  tell("structure");
  tell("selection");
}

/** Opens every closed group that is seen, as long as the whole stays small enough to be drawn. */
function openMore() {
  const closed = state.seen.open.flatMap((group) => group.items).filter((item) => !item.leaf && !state.open.has(item.id) && item.what !== "body");
  let shown = [...drawing.cards.keys()].length;
  for (const group of closed.sort((a, b) => a.children.length - b.children.length)) {
    shown += group.children.length - 1;
    if (shown > 4 * ALL_CARDS) break;
    state.open.add(group.id);
  }
  tell("structure");
}
