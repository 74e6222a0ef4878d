// Asks the worker for places. Groups that have not changed are not arranged again; until the worker answers, a draft by
// our own ranks is shown; what is wanted anew, or cancelled, ends the worker's work.
"use strict";

/** dagre is asked for at most so many items at once; beyond that our own ranks do. */
const DAGRE_ITEMS = 150;
/** A worker that takes longer than this, in milliseconds, is not waited for with an empty page. */
const PATIENCE = 160;

const layout = { worker: null, number: 0, known: new Map(), waiting: null, settle: null };

function startWorker() {
  const parts = ["dagre", "layered"].map((id) => document.getElementById(id).textContent);
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  try {
    layout.worker = new Worker(url);
    layout.worker.onmessage = ({ data }) => answer(data);
    layout.worker.onerror = () => {
      layout.worker = null;
      giveUp();
    };
  } catch {
    layout.worker = null;
  }
}

function answer({ number, made }) {
  if (!layout.waiting || layout.waiting.number !== number) return;
  const { jobs, draw } = layout.waiting;
  finish();
  remember(jobs, made);
  draw(made);
}

function finish() {
  if (!layout.waiting) return;
  clearTimeout(layout.waiting.timer);
  layout.waiting = null;
  document.documentElement.dataset.arranging = "no";
}

function remember(jobs, made) {
  jobs.forEach((job, i) => {
    if (layout.known.size > 4000) layout.known.clear();
    layout.known.set(job.key, made[i]);
  });
}

/** Stops what the worker is doing. The draft stays. */
function cancelLayout() {
  if (!layout.waiting) return;
  layout.worker?.terminate();
  layout.worker = null;
  giveUp();
}

/** Draws the draft, for want of anything better. */
function giveUp() {
  if (!layout.waiting) return;
  const { jobs, draw, drafted } = layout.waiting;
  finish();
  if (!drafted) draw(arrange(jobs.map(asDraft)));
}

const asDraft = (job) => (job.method === "dagre" && !job.done ? { ...job, method: "ranks" } : job);

/** The jobs of the open groups, and which item is which. */
function jobsOf(seen, sizeOf) {
  const numbers = new Map(seen.open.map((group, i) => [group, i]));
  const jobs = seen.open.map((group) => {
    const at = new Map(group.items.map((item, i) => [item, i]));
    const end = (item) => (typeof item === "string" ? item : at.get(item));
    const items = group.items.map((item) => ({ ...sizeOf(item), job: numbers.get(item) }));
    const lines = [...group.lines.values()].map((line) => [end(line.from), end(line.to)]);
    return { id: group.id, method: group.lanes ? "lanes" : "dagre", items, lines };
  });
  jobs.forEach((job) => {
    const inner = job.items.map((item) => (item.job === undefined ? `${item.w},${item.h}` : jobs[item.job].key));
    job.key = `${job.id}{${job.method};${inner.join(";")};${job.lines.join(";")}}`;
    if (job.key.length > 400) job.key = `${job.id}#${hash(job.key)}`;
  });
  let room = DAGRE_ITEMS;
  const fresh = jobs.filter((job) => !(job.done = layout.known.get(job.key)) && job.method === "dagre");
  for (const job of fresh.sort((a, b) => a.items.length - b.items.length)) {
    room -= job.items.length;
    if (room < 0) job.method = "ranks";
  }
  return jobs;
}

function hash(text) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  return `${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}.${text.length}`;
}

/** Finds places for what is seen, then calls `draw` with them: once, or first with a draft. */
function placeAll(seen, sizeOf, draw) {
  if (layout.waiting) {
    layout.worker?.terminate();
    layout.worker = null;
    finish();
  }
  const jobs = jobsOf(seen, sizeOf);
  if (jobs.every((job) => job.done || job.method !== "dagre")) {
    const made = arrange(jobs);
    remember(jobs, made);
    draw(made);
    return;
  }
  if (!layout.worker) startWorker();
  layout.number += 1;
  const waiting = { number: layout.number, jobs, draw, drafted: false, timer: 0 };
  layout.waiting = waiting;
  document.documentElement.dataset.arranging = "yes";
  if (!layout.worker) {
    giveUp();
    return;
  }
  layout.worker.postMessage({ number: waiting.number, jobs });
  waiting.timer = setTimeout(() => {
    waiting.drafted = true;
    draw(arrange(jobs.map(asDraft)));
  }, PATIENCE);
}
