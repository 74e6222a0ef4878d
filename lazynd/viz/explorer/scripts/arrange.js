// The places of everything in the open groups, inner groups first: by dagre, by our own ranks, or in lanes side by side.
// Runs in the worker, and in the page for the draft that is shown while the worker is busy.
"use strict";

const HEAD = 34;
const PAD = 16;
const LANE_GAP = 92;

/**
 * jobs, inner ones first: {id, method, items: [{w, h, job?}], lines: [[from, to]]}, where `job` is the number of the job
 * of an open group, and an end is the number of an item, "in" or "out". Gives for each {w, h, places, paths, inX, outX}.
 */
function arrange(jobs) {
  const made = [];
  for (const job of jobs) made.push(job.done || arrangeOne(job, made));
  return made;
}

function arrangeOne(job, made) {
  const items = job.items.map((item) => {
    const inner = item.job === undefined ? null : made[item.job];
    if (!inner) return [item.w, item.h];
    return [Math.max(item.w, inner.w + 2 * PAD), inner.h + HEAD + 2 * PAD];
  });
  if (job.method === "lanes") return { ...lanes(items, job), sizes: items };
  const ends = ["in", "out"].filter((end) => job.lines.some((line) => line.includes(end)));
  const boxes = [...items, ...ends.map(() => [8, 0])];
  const number = (end) => (typeof end === "number" ? end : items.length + ends.indexOf(end));
  const edges = job.lines.map(([from, to]) => [number(from), number(to)]);
  const drawn = inParts(boxes, edges, job.method === "dagre" ? byDagre : layered);
  if (ends.length) tighten(drawn, boxes, items.length, ends, job);
  const port = (end) => (ends.includes(end) ? drawn.places[number(end)][0] + 4 : null);
  const [inX, outX] = [port("in"), port("out")];
  drawn.paths.forEach((path, i) => {
    const [from, to] = job.lines[i];
    bend(path, from, to, job, made, drawn.places, items);
  });
  return { w: drawn.w, h: drawn.h, places: drawn.places.slice(0, items.length), paths: drawn.paths, inX, outX, sizes: items };
}

/** Lets a path end where the open group at its end has its way in, or out. */
function bend(path, from, to, job, made, places, sizes) {
  const middle = (end) => {
    const item = job.items[end];
    const inner = item && item.job !== undefined ? made[item.job] : null;
    return { inner, x: places[end][0] + PAD, room: inner ? (sizes[end][0] - 2 * PAD - inner.w) / 2 : 0 };
  };
  if (typeof from === "number") {
    const { inner, x, room } = middle(from);
    path[0] = [inner && inner.outX !== null ? x + room + inner.outX : places[from][0] + sizes[from][0] / 2, places[from][1] + sizes[from][1]];
  }
  if (typeof to === "number") {
    const { inner, x, room } = middle(to);
    path[path.length - 1] = [inner && inner.inX !== null ? x + room + inner.inX : places[to][0] + sizes[to][0] / 2, places[to][1]];
  }
}

/** Arranges each part of the graph that is connected, and puts the parts into rows of about the same width. */
function inParts(boxes, edges, method) {
  const parts = partsOf(boxes.length, edges);
  if (parts.length === 1) return method(boxes, edges);
  const drawn = parts.map(({ members, lines }) => {
    const at = new Map(members.map((member, i) => [member, i]));
    if (members.length === 1) return { places: [[0, 0]], paths: [], w: boxes[members[0]][0], h: boxes[members[0]][1] };
    return method(members.map((member) => boxes[member]), lines.map((line) => edges[line].map((end) => at.get(end))));
  });
  const area = drawn.reduce((sum, { w, h }) => sum + (w + ITEM_GAP) * (h + ITEM_GAP), 0);
  // Small parts beside a tall one would make a wide picture of little: they go into rows below it.
  const largest = drawn.reduce((a, b) => (a.w * a.h >= b.w * b.h ? a : b));
  const isTall = largest.h > 2 * largest.w && largest.w * largest.h > area / 2;
  const width = isTall ? Math.max(largest.w, 320) : Math.max(...drawn.map(({ w }) => w), Math.sqrt(area * 1.4));
  const made = { places: [], paths: [], w: 0, h: 0 };
  let [x, y, tall] = [0, 0, 0];
  drawn.forEach(({ places, paths, w, h }, i) => {
    if (x && x + w > width) [x, y, tall] = [0, y + tall + ITEM_GAP, 0];
    const moved = ([px, py]) => [px + x, py + y];
    parts[i].members.forEach((member, k) => (made.places[member] = moved(places[k])));
    parts[i].lines.forEach((line, k) => (made.paths[line] = paths[k].map(moved)));
    made.w = Math.max(made.w, x + w);
    made.h = Math.max(made.h, y + h);
    x += w + ITEM_GAP;
    tall = Math.max(tall, h);
  });
  return made;
}

function partsOf(count, edges) {
  const up = Array.from({ length: count }, (_, i) => i);
  const find = (i) => {
    while (up[i] !== i) i = up[i] = up[up[i]];
    return i;
  };
  for (const [from, to] of edges) up[Math.max(find(from), find(to))] = Math.min(find(from), find(to));
  const parts = new Map();
  for (let i = 0; i < count; i += 1) {
    const root = find(i);
    if (!parts.has(root)) parts.set(root, { members: [], lines: [] });
    parts.get(root).members.push(i);
  }
  edges.forEach(([from], line) => parts.get(find(from)).lines.push(line));
  return [...parts.values()];
}

/** Moves the ways in and out of a group nearer to what is in it than a whole layer. */
function tighten(drawn, boxes, count, ends, job) {
  const near = RANK_GAP - 20;
  const { places, paths } = drawn;
  if (ends.includes("in")) {
    const top = places[count][1];
    if (places.every(([, y], i) => i === count || y > top + near)) {
      places.forEach((place, i) => i !== count && (place[1] -= near));
      paths.forEach((path, i) => path.forEach((point, k) => (job.lines[i][0] === "in" && k === 0) || (point[1] -= near)));
      drawn.h -= near;
    }
  }
  if (ends.includes("out")) {
    const at = count + ends.indexOf("out");
    const lowest = Math.max(...places.map(([, y], i) => (i === at ? 0 : y + boxes[i][1])));
    const up = places[at][1] - lowest - 20;
    if (up > 0) {
      places[at][1] -= up;
      paths.forEach((path, i) => job.lines[i][1] === "out" && (path[path.length - 1][1] -= up));
      drawn.h -= up;
    }
  }
}

function byDagre(boxes, edges) {
  const graph = new dagre.graphlib.Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: ITEM_GAP, edgesep: 16, ranksep: RANK_GAP, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  boxes.forEach(([width, height], i) => graph.setNode(String(i), { width, height: Math.max(height, 1) }));
  for (const [from, to] of edges) if (from !== to) graph.setEdge(String(from), String(to), {});
  dagre.layout(graph);
  const nodes = boxes.map((_, i) => graph.node(String(i)));
  const left = Math.min(...nodes.map((node) => node.x - node.width / 2), Infinity);
  const top = Math.min(...nodes.map((node) => node.y - node.height / 2), Infinity);
  const rows = new Map();
  for (const node of nodes) rows.set(Math.round(node.y), Math.max(rows.get(Math.round(node.y)) || 0, node.height / 2));
  const paths = edges.map(([from, to]) => {
    const { points } = graph.edge(String(from), String(to)) || { points: [nodes[from], nodes[to]] };
    // Beside the boxes of a layer a line goes straight down: two points in place of the one in its middle.
    const beside = ({ x, y }, i) => {
      if (i === 0 || i === points.length - 1) return [[x, y]];
      const half = rows.get(Math.round(y));
      return half === undefined ? [] : [[x, y - half], [x, y + half]];
    };
    return points.flatMap(beside).map(([x, y]) => [x - left, y - top]);
  });
  const xs = paths.flat().map(([x]) => x);
  const right = Math.max(0, ...nodes.map((node) => node.x + node.width / 2 - left), ...xs);
  const shift = Math.max(0, -Math.min(0, ...xs));
  for (const path of paths) for (const point of path) point[0] += shift;
  return {
    places: nodes.map((node) => [node.x - node.width / 2 - left + shift, node.y - node.height / 2 - top]),
    paths,
    w: right + shift,
    h: Math.max(0, ...nodes.map((node) => node.y + node.height / 2 - top)),
  };
}

/** Side by side, tops in line, with arrows from head to head. */
function lanes(items, job) {
  const places = [];
  let x = 0;
  let h = 0;
  for (const [w, height] of items) {
    places.push([x, 0]);
    x += w + LANE_GAP;
    h = Math.max(h, height);
  }
  const paths = job.lines.map(([from, to]) => {
    const back = from > to;
    const near = Math.abs(to - from) === 1 && !back;
    const y = HEAD / 2;
    const a = places[from][0] + items[from][0];
    const b = places[to][0];
    if (near) return [[a, y], [b, y]];
    const [m, n] = [places[from][0] + items[from][0] / 2, places[to][0] + items[to][0] / 2];
    const up = -26 - 14 * (Math.abs(to - from) - 2);
    return [[m, 0], [m, up], [n, up], [n, 0]];
  });
  return { w: Math.max(0, x - LANE_GAP), h, places, paths, inX: null, outX: null };
}
