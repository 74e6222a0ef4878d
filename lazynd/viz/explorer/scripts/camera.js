// Where the window looks: dragging and scrolling move it, pinching and Ctrl with the wheel zoom.
"use strict";

const camera = { x: 0, y: 0, scale: 1, moves: 0 };
const CLOSEST = 2.5;
const FARTHEST = 0.02;
/** Below this scale letters are too small to read and are left out. */
const LEGIBLE = 0.42;

const graphElement = document.getElementById("graph");
const worldElement = document.getElementById("world");

function windowSize() {
  return { w: graphElement.clientWidth || 800, h: graphElement.clientHeight || 600 };
}

function applyCamera() {
  worldElement.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.scale})`);
  graphElement.classList.toggle("far", camera.scale < LEGIBLE);
  tell("camera");
}

function lookAt(x, y, scale) {
  camera.moves += 1;
  Object.assign(camera, { x, y, scale });
  applyCamera();
}

/** Moves to a place over a fifth of a second, or at once for those who want nothing to move. */
function glideTo(x, y, scale) {
  camera.moves += 1;
  const mine = camera.moves;
  const from = { ...camera };
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    lookAt(x, y, scale);
    return;
  }
  const started = performance.now();
  const frame = (now) => {
    if (camera.moves !== mine) return;
    const t = Math.min(1, Math.max(0, (now - started) / 220));
    const e = 1 - (1 - t) ** 3;
    Object.assign(camera, { x: from.x + (x - from.x) * e, y: from.y + (y - from.y) * e, scale: from.scale + (scale - from.scale) * e });
    applyCamera();
    if (t < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function zoomBy(factor, at) {
  const { w, h } = windowSize();
  const [px, py] = at || [w / 2, h / 2];
  const scale = Math.min(CLOSEST, Math.max(FARTHEST, camera.scale * factor));
  const ratio = scale / camera.scale;
  lookAt(px - (px - camera.x) * ratio, py - (py - camera.y) * ratio, scale);
}

const MARGIN = { top: 28, side: 40, bottom: 28 };

/** The whole drawing in the window; at the first view never so small that it cannot be read: then its top. */
function fitView(least, glide) {
  const { w, h } = windowSize();
  const box = drawing.bounds;
  const room = [w - 2 * MARGIN.side, h - MARGIN.top - MARGIN.bottom];
  const wanted = Math.min(room[0] / Math.max(1, box.w), room[1] / Math.max(1, box.h), 1.15);
  const scale = Math.max(wanted, least);
  const wide = box.w * scale;
  const x = wide <= room[0] ? (w - wide) / 2 - box.x * scale : MARGIN.side - box.x * scale;
  const y = box.h * scale <= room[1] ? MARGIN.top + (room[1] - box.h * scale) / 2 - box.y * scale : MARGIN.top - box.y * scale;
  (glide ? glideTo : lookAt)(x, y, scale);
}

/** Brings a box of the drawing into the window, without zooming where it can be read. */
function bringIntoView(box, centre) {
  const { w, h } = windowSize();
  const scale = camera.scale < LEGIBLE + 0.1 ? 0.8 : camera.scale;
  const [left, top] = [box.x * scale + (scale === camera.scale ? camera.x : 0), box.y * scale + (scale === camera.scale ? camera.y : 0)];
  const inside = scale === camera.scale && left > 20 && top > 12 && left + box.w * scale < w - 20 && top + box.h * scale < h - 60;
  if (inside && !centre) return;
  const tall = Math.min(box.h, (h - 160) / scale);
  glideTo(w / 2 - (box.x + Math.min(box.w, w / scale) / 2) * scale, h / 2 - (box.y + tall / 2) * scale, scale);
}

function startCamera() {
  graphElement.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = graphElement.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(-event.deltaY * 0.006), [event.clientX - left, event.clientY - top]);
    else {
      const unit = event.deltaMode === 1 ? 18 : 1;
      const [dx, dy] = event.shiftKey && !event.deltaX ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      lookAt(camera.x - dx * unit, camera.y - dy * unit, camera.scale);
    }
  }, { passive: false });
  const fingers = new Map();
  graphElement.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  graphElement.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const now = [event.clientX, event.clientY];
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    if (others.length) {
      const { left, top } = graphElement.getBoundingClientRect();
      const [, other] = others[0];
      const length = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      zoomBy(length(now) / Math.max(1, length(last)), [other[0] - left, other[1] - top]);
    } else {
      if (!graphElement.hasPointerCapture(event.pointerId)) {
        if (Math.hypot(now[0] - last[0], now[1] - last[1]) < 4) return;
        graphElement.setPointerCapture(event.pointerId);
      }
      lookAt(camera.x + now[0] - last[0], camera.y + now[1] - last[1], camera.scale);
    }
    fingers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) graphElement.addEventListener(name, (event) => fingers.delete(event.pointerId));
  document.getElementById("zoom-in").onclick = () => zoomBy(1.25);
  document.getElementById("zoom-out").onclick = () => zoomBy(0.8);
  document.getElementById("fit").onclick = () => fitView(FARTHEST, true);
  new ResizeObserver(() => tell("camera")).observe(graphElement);
}
