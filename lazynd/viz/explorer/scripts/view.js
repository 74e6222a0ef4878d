// The view that the page was made from, and short ways into it.
"use strict";

const view = JSON.parse(document.getElementById("view").textContent);
const EMPTY = Object.freeze([]);
// What has its usual value is left out of the JSON.
for (const file of view.files) file.lines ||= {};
for (const stage of view.stages) stage.changed ||= EMPTY;

/** What an operator is called on the page: primitives lose the prefix, which an "ir" mark replaces. */
function shortName(operator) {
  return operator.startsWith("ir.") ? operator.slice(3) : operator;
}

/** The title of a node record: a name of its own where it has one, else its operator. */
function titleOf(record) {
  return record.name || (record.operator ? shortName(record.operator) : record.kind);
}

function isInput(record) {
  return record.operator === "";
}

/** "train.py:41", or "" where the line is not known. */
function placeOf(record) {
  if (record.file === undefined || record.file === null) return "";
  return `${view.files[record.file].name}:${record.line}`;
}

/** The text of the user's line, "" where it is not there. */
function lineText(file, line) {
  const known = view.files[file];
  return known ? (known.lines[line] || "").trim() : "";
}

/** For each stage: node id -> the change that names it, of what came (`nodes`) and of what went (`from`). */
const changesAt = view.stages.map((stage) => {
  const came = new Map();
  const went = new Map();
  for (const change of stage.changed || EMPTY) {
    for (const id of change.nodes || EMPTY) came.set(id, change);
    for (const id of change.from || EMPTY) went.set(id, change);
  }
  return { came, went };
});

/** The clusters that a node of the first stage, or of the last, belongs to, by its id. */
const clustersOf = new Map();
const clustersOfPart = new Map();
for (const cluster of view.clusters || EMPTY) {
  for (const [ids, found] of [[cluster.nodes || EMPTY, clustersOf], [cluster.parts || EMPTY, clustersOfPart]]) {
    for (const id of ids) {
      if (!found.has(id)) found.set(id, []);
      found.get(id).push(cluster);
    }
  }
}

const isDiff = view.kind === "diff";
