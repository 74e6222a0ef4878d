// The small map of the whole drawing, with a frame where the window looks.
"use strict";

const mapElement = document.getElementById("map");

function mapScale() {
  const { w, h: tall } = drawing.bounds;
  const [width, height] = [mapElement.clientWidth - 12, mapElement.clientHeight - 12];
  const scale = Math.min(width / Math.max(1, w), height / Math.max(1, tall));
  return { scale, x: 6 + (width - w * scale) / 2 - drawing.bounds.x * scale, y: 6 + (height - tall * scale) / 2 - drawing.bounds.y * scale };
}

function renderMap() {
  if (!mapElement.clientWidth) return;
  const sharp = window.devicePixelRatio || 1;
  const [width, height] = [mapElement.clientWidth, mapElement.clientHeight];
  if (mapElement.width !== width * sharp) Object.assign(mapElement, { width: width * sharp, height: height * sharp });
  const { scale, x, y } = mapScale();
  const { w, h: tall } = windowSize();
  const inside = drawing.bounds.w * camera.scale <= w && drawing.bounds.h * camera.scale <= tall;
  mapElement.style.visibility = inside ? "hidden" : "visible";
  if (inside) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`);
  const art = mapElement.getContext("2d");
  art.setTransform(sharp, 0, 0, sharp, 0, 0);
  art.clearRect(0, 0, width, height);
  const colours = Object.fromEntries(["forward", "gradient", "update", "data", "parameter", "number", "mixed"].map((kind) => [kind, colour(kind) || colour("data")]));
  for (const group of state.seen.open) {
    for (const item of group.items) {
      const box = drawing.boxes.get(item.id);
      const place = [x + box.x * scale, y + box.y * scale, Math.max(1, box.w * scale), Math.max(1, box.h * scale)];
      if (!item.leaf && state.open.has(item.id)) {
        art.strokeStyle = colour("frame-line");
        art.lineWidth = 0.6;
        art.strokeRect(...place);
      } else {
        art.fillStyle = colours[kindOf(item)];
        art.fillRect(...place);
      }
    }
  }
  art.strokeStyle = colour("accent");
  art.lineWidth = 1.5;
  art.strokeRect(x - (camera.x / camera.scale) * scale, y - (camera.y / camera.scale) * scale, (w / camera.scale) * scale, (tall / camera.scale) * scale);
}

function startMap() {
  let waiting = false;
  hears("camera painted theme", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      renderMap();
    });
  });
  const go = (event) => {
    const { left, top } = mapElement.getBoundingClientRect();
    const { scale, x, y } = mapScale();
    const { w, h: tall } = windowSize();
    const [worldX, worldY] = [(event.clientX - left - x) / scale, (event.clientY - top - y) / scale];
    lookAt(w / 2 - worldX * camera.scale, tall / 2 - worldY * camera.scale, camera.scale);
  };
  mapElement.addEventListener("pointerdown", (event) => {
    mapElement.setPointerCapture(event.pointerId);
    go(event);
  });
  mapElement.addEventListener("pointermove", (event) => mapElement.hasPointerCapture(event.pointerId) && go(event));
}
