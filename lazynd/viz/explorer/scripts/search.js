// The search field: operators, names, blocks, types, parameters, lines of source.
"use strict";

const SHOWN_RESULTS = 40;

/** What of a slot the words of a search are looked for in. */
function textOf(slot) {
  if (!slot.text || slot.textStage !== state.stage) {
    const { operator, name, types, parameters, file, line } = recordAt(slot);
    const code = file === undefined || file === null ? "" : lineText(file, line);
    slot.text = [operator, name, slot.scope.join("."), types.join(" "), parameters ? JSON.stringify(parameters) : "", placeOf(recordAt(slot)), code, slot.ids[state.stage - state.scene.first]].join(" ").toLowerCase();
    slot.textStage = state.stage;
  }
  return slot.text;
}

/** Slots in which every word of `query` occurs, those whose title begins with it first. */
function searchFor(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const offset = state.stage - state.scene.first;
  const found = state.scene.slots.filter((slot) => slot.parent && (slot.mask >> offset) & 1 && words.every((word) => textOf(slot).includes(word)));
  const rank = (slot) => {
    const title = titleOf(recordAt(slot)).toLowerCase();
    return title === words[0] ? 0 : title.startsWith(words[0]) ? 1 : title.includes(words[0]) ? 2 : 3;
  };
  return found.map((slot) => [rank(slot), slot]).sort((a, b) => a[0] - b[0]).map(([, slot]) => slot);
}

function startSearch() {
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  let results = [];
  let at = -1;
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const pointAt = (number) => {
    at = number;
    [...list.querySelectorAll('[role="option"]')].forEach((option, i) => {
      option.setAttribute("aria-selected", i === at);
      if (i === at) {
        option.scrollIntoView({ block: "nearest" });
        field.setAttribute("aria-activedescendant", option.id);
      }
    });
  };
  const option = (slot, i) => {
    const record = recordAt(slot);
    const where = [slot.scope.join("."), placeOf(record)].filter(Boolean).join("  ·  ");
    return h("li", { role: "option", id: `found-${i}`, "aria-selected": false, onmousedown: (event) => { event.preventDefault(); choose(i); } }, h("b", {}, titleOf(record)), h("span", {}, record.types[0]), h("code", {}, where || record.kind));
  };
  const choose = (i) => {
    if (!results[i]) return;
    close();
    jumpTo(results[i].item);
  };
  const look = () => {
    results = searchFor(field.value);
    state.found = field.value.trim() ? new Set(results.map((slot) => standIn(slot).id)) : null;
    tell("found");
    const note = results.length > SHOWN_RESULTS ? `${grouped(results.length)} found, the first ${SHOWN_RESULTS} here` : results.length ? `${grouped(results.length)} found` : "Nothing found at this stage";
    list.replaceChildren(...results.slice(0, SHOWN_RESULTS).map(option), h("li", { class: "note", role: "presentation" }, note));
    list.hidden = !field.value.trim();
    field.setAttribute("aria-expanded", !list.hidden);
    pointAt(results.length ? 0 : -1);
  };
  field.addEventListener("input", look);
  field.addEventListener("focus", () => field.value && look());
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    const last = Math.min(results.length, SHOWN_RESULTS) - 1;
    if (event.key === "ArrowDown") pointAt(Math.min(last, at + 1));
    else if (event.key === "ArrowUp") pointAt(Math.max(0, at - 1));
    else if (event.key === "Enter") choose(at);
    else if (event.key === "Escape") {
      if (list.hidden) field.value = "";
      look();
      close();
      return;
    } else return;
    event.preventDefault();
  });
}
