// The keyboard, and the pointer on the graph. The graph is one stop of the Tab key; in it arrows go along the edges.
"use strict";

const KEYS = [
  ["Tab", "to the next part of the page"],
  ["↓ ↑", "in the graph: to a reader, to what is read"],
  ["← →", "to the neighbour in the same layer"],
  ["Enter, Space", "open or close a group, select a node"],
  ["Esc", "out of a group; select nothing"],
  ["/", "search"],
  ["[ ]", "the pass before, the next pass"],
  ["+ − 0", "zoom in, zoom out, show all"],
  ["f", "fusions on the graph"],
  ["h", "heat: the next measure"],
  ["?", "this list"],
];

/** The elements that the keyboard can reach in the graph: one of them is the Tab stop. */
function setStop(element) {
  for (const each of graphElement.querySelectorAll('[tabindex="0"]')) each.setAttribute("tabindex", "-1");
  if (element) element.setAttribute("tabindex", "0");
}

function keepStop() {
  const chosen = (state.selected && elementOf(state.selected.id)) || graphElement.querySelector('.card[tabindex="0"], .frame[tabindex="0"]');
  setStop(chosen && chosen.isConnected ? chosen : layer.cards.querySelector(".card") || layer.frames.querySelector(".frame"));
}

function itemOfElement(element) {
  const id = element?.closest?.(".card, .frame")?.dataset.id;
  return id ? (drawing.cards.get(id) || drawing.frames.get(id))?.item : null;
}

/** The items next to `item`: along edges down or up, or beside it. */
function neighbour(item, key) {
  const box = drawing.boxes.get(item.id);
  const centre = (each) => [each.x + each.w / 2, each.y + each.h / 2];
  const [cx, cy] = centre(box);
  const shown = [...drawing.cards.values(), ...drawing.frames.values()].map((entry) => entry.item);
  if (key === "ArrowDown" || key === "ArrowUp") {
    const down = key === "ArrowDown";
    const along = state.seen.edges.values();
    const ends = [...along].filter((edge) => edge[down ? "from" : "to"] === item).map((edge) => edge[down ? "to" : "from"]);
    const near = ends.filter((each) => drawing.boxes.has(each.id)).sort((a, b) => distance(a) - distance(b));
    if (near.length) return near[0];
  }
  function distance(each) {
    const [x, y] = centre(drawing.boxes.get(each.id));
    return Math.hypot(x - cx, y - cy);
  }
  const test = {
    ArrowDown: (x, y) => y - cy > Math.abs(x - cx) / 3 && y > cy + 4,
    ArrowUp: (x, y) => cy - y > Math.abs(x - cx) / 3 && y < cy - 4,
    ArrowRight: (x, y) => x - cx > Math.abs(y - cy) / 2 && x > cx + 4,
    ArrowLeft: (x, y) => cx - x > Math.abs(y - cy) / 2 && x < cx - 4,
  }[key];
  const others = shown.filter((each) => each !== item && test(...centre(drawing.boxes.get(each.id))));
  return others.sort((a, b) => distance(a) - distance(b))[0] || null;
}

function focusItem(item) {
  const element = elementOf(item.id);
  if (!element) return;
  setStop(element);
  element.focus({ preventScroll: true });
  bringIntoView(drawing.boxes.get(item.id));
}

function onGraphKey(event) {
  const stub = event.target.closest?.(".stub");
  const item = itemOfElement(event.target);
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.startsWith("Arrow")) {
    const next = neighbour(item, event.key);
    if (next) {
      state.selected = next;
      state.line = null;
      tell("selection");
      focusItem(next);
    }
  } else if (event.key === "Enter" || event.key === " ") {
    if (stub) follow(stub);
    else if (item.leaf) select(item);
    else {
      state.focusAfter = item.id;
      toggle(item);
    }
  } else if (event.key === "Escape") {
    if (item.parent && item.parent !== state.root) {
      state.selected = item.parent;
      tell("selection");
      focusItem(item.parent);
    } else select(null);
  } else if (event.key === "s" && item.stubs) {
    elementOf(item.id)?.querySelector(".stub")?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function onPageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, dialog")) return;
  const heats = [...document.querySelectorAll('#heat input')];
  const actions = {
    "/": () => document.getElementById("search").focus(),
    "[": () => goToStage(state.stage - 1),
    "]": () => goToStage(state.stage + 1),
    "+": () => zoomBy(1.25),
    "=": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    0: () => fitView(FARTHEST, true),
    f: () => { if (view.clusters) { state.fusions = !state.fusions; tell("fusions"); } },
    h: () => heats[(heats.findIndex((each) => each.checked) + 1) % heats.length].click(),
    "?": () => document.getElementById("keys").showModal(),
    Escape: () => select(null),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function onClick(event) {
  const stub = event.target.closest(".stub");
  if (stub) {
    follow(stub);
    return;
  }
  const item = itemOfElement(event.target);
  if (!item) {
    const line = event.target.closest(".edge")?.line;
    if (line) showValues(new Set(line.values.keys()));
    else if (state.selected || state.line || state.cluster) {
      state.cluster = null;
      select(null);
      tell("fusions");
    }
    return;
  }
  if (item.leaf) select(item);
  else {
    const open = state.open.has(item.id);
    // An open group closes at its head only; elsewhere it is selected, so that a stray click loses nothing.
    if (open && !event.target.closest(".head, .title, .toggle, .stripe")) select(item);
    else toggle(item);
  }
}

function startKeyboard() {
  graphElement.addEventListener("keydown", onGraphKey);
  document.addEventListener("keydown", onPageKey);
  graphElement.addEventListener("click", onClick);
  const tip = document.getElementById("tip");
  graphElement.addEventListener("pointermove", (event) => {
    const line = event.target.closest?.(".edge")?.line;
    const item = itemOfElement(event.target);
    if (line !== state.pointed) {
      state.pointed = line;
      showValues(line ? new Set(line.values.keys()) : state.selected ? valuesOf(state.selected) : null);
    }
    const status = item && statusOfItem(item);
    const text = line ? tipOfLine(line) : item && typeof status === "string" && status ? tipOfChange(item) : item ? tipOfItem(item) : "";
    tip.hidden = !text || event.buttons > 0;
    if (!text) return;
    if (tip.textContent !== text) tip.textContent = text;
    const { innerWidth: w, innerHeight: tall } = window;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, w - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY + 18 + tip.offsetHeight > tall ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18}px`;
  });
  graphElement.addEventListener("pointerleave", () => (tip.hidden = true));
  // Not on the graph itself: a browser lets an SVG that listens to focus be focused.
  document.getElementById("stage").addEventListener("focusin", (event) => {
    if (event.target.matches(".card, .frame")) setStop(event.target);
  });
  const dialog = document.getElementById("keys");
  dialog.append(
    h("h2", { id: "keys-title" }, "Keys"),
    h("dl", {}, KEYS.flatMap(([key, what]) => [h("dt", {}, key.split(" ").flatMap((each, i) => [i ? " " : "", h("kbd", {}, each.replace(",", ""))])), h("dd", {}, what)])),
    h("p", {}, "Scroll or drag to move, pinch or Ctrl with the wheel to zoom. A click opens a group; its head closes it. Point at a line to see everywhere its value goes. Colours follow Okabe and Ito, and no meaning is told by colour alone."),
    h("button", { class: "primary", onclick: () => dialog.close() }, "Close"),
  );
  document.getElementById("help").onclick = () => dialog.showModal();
}

/** What does not fit on the card, and what it costs. */
function tipOfItem(item) {
  const { title, second } = wordsOf(item);
  const costs = Object.keys(MEASURES).map((measure) => [measure, amount(item, measure)]).filter(([, number]) => number !== null && number !== 0);
  const words = costs.map(([measure, number]) => MEASURES[measure].show(number)).join("  ·  ");
  const slot = item.leaf ? item : null;
  const code = slot && slot.record.file !== undefined && slot.record.file !== null ? `${placeOf(slot.record)}  ${lineText(slot.record.file, slot.record.line)}` : item.detail || "";
  return [title, slot ? slot.record.types.join(", ") : second, words, code].filter((text, i, all) => text && all.indexOf(text) === i).join("\n");
}

function tipOfChange(item) {
  const change = changeOf(item);
  const status = statusOfItem(item);
  return `${wordsOf(item).title}: ${status}${change && change.rule ? `\n${change.rule}` : ""}`;
}
