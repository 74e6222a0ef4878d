// Puts the parts together, and draws the first view.
"use strict";

const explorer = { state, drawing, view, jumpToId, goToStage, ready: 0 };
globalThis.lazyndExplorer = explorer;

/** Surveys the tree as it is opened, finds places and draws. */
function restructure() {
  state.seen = survey(state.root, state.scene, state);
  const { anchor, goal, focusAfter } = state;
  Object.assign(state, { anchor: null, goal: null, focusAfter: null });
  const near = inWindow();
  let first = true;
  placeAll(state.seen, measureItem, (made) => {
    paint(state.seen, made, anchor ? [anchor, ...near] : near);
    if (state.fresh) {
      fitView(0.66);
      state.fresh = false;
      drawing.firstView = true;
    }
    if (goal && drawing.boxes.has(goal)) bringIntoView(drawing.boxes.get(goal), true);
    else if (anchor && first && drawing.boxes.has(anchor)) keepInView(drawing.boxes.get(anchor));
    if (focusAfter) elementOf(focusAfter)?.focus({ preventScroll: true });
    first = false;
    decorate();
    explorer.ready += 1;
    document.documentElement.dataset.ready = explorer.ready;
  });
}

/** After a group was opened: its head stays in the window. */
function keepInView(box) {
  const { w, h: tall } = windowSize();
  const [x, y] = [box.x * camera.scale + camera.x, box.y * camera.scale + camera.y];
  if (x >= 0 && y >= 40 && x < w - 120 && y < tall - 120) return;
  bringIntoView(box);
}

/** The stage, and with it perhaps the scene, is another one. */
function restage() {
  const scene = treeFor(state.stage);
  const changed = scene !== state.scene || scene.root !== state.root;
  state.scene = scene;
  state.root = scene.root;
  if (changed) {
    if (!scene.seenBefore && scene.first === 0) openAtFirst(state.root);
    scene.seenBefore = true;
    if (state.selected) state.anchor = state.selected.id;
    state.hiding += 1;
    restructure();
  }
  renderAll();
}

/** Within a scene: everything stays where it is. */
function repass() {
  for (const group of state.seen.open) for (const item of group.items) if (!item.leaf) item.totals.clear();
  repaint();
  decorate();
  renderAll();
}

function renderAll() {
  renderPasses();
  renderChanges();
  renderDetails();
  renderFusions();
  renderShow();
  weighLines();
}

/** What is put over the drawing: selection, marks, halos, legend. */
function decorate() {
  for (const where of ["cards", "frames"]) {
    for (const [id, { element }] of drawing[where]) element.classList.toggle("selected", Boolean(state.selected) && state.selected.id === id);
  }
  markItems();
  drawHalos();
  drawLinks();
  showValues(state.selected ? valuesOf(state.selected) : null);
  renderLegend();
  renderBanner();
  keepStop();
}

function togglePanel(name, on) {
  document.querySelector("main").classList.toggle(`no-${name}`, !on);
  document.getElementById(name).hidden = !on;
  document.getElementById(`toggle-${name}`).setAttribute("aria-pressed", on);
}

function startPanels() {
  for (const name of ["source", "details"]) {
    const button = document.getElementById(`toggle-${name}`);
    button.onclick = () => togglePanel(name, button.getAttribute("aria-pressed") !== "true");
  }
  const narrow = innerWidth < 1100;
  togglePanel("source", view.files.length > 0 && !narrow);
  togglePanel("details", innerWidth >= 760);
}

function start() {
  readFonts();
  const { lazynd, backend, device } = view.about || {};
  document.getElementById("about").textContent = [lazynd && `lazynd ${lazynd}`, backend, device].filter(Boolean).join("  ·  ");
  hears("structure", () => { restructure(); renderShow(); });
  hears("stage", restage);
  hears("pass", repass);
  hears("selection", () => { decorate(); renderDetails(); markLine(true); });
  hears("heat", () => { repaint(); decorate(); weighLines(); });
  hears("fusions", () => { drawHalos(); renderFusions(); renderLegend(); });
  hears("found", markItems);
  hears("theme", () => { if (state.seen) { repaint(); decorate(); } });
  let waiting = 0;
  hears("camera", () => {
    if (!drawing.culled || waiting) return;
    waiting = requestAnimationFrame(() => { waiting = 0; repaint(); decorate(); });
  });
  startPanels();
  startTheme();
  startTabs();
  startHeat();
  startSource();
  startShow();
  startSearch();
  startCamera();
  startMap();
  startKeyboard();
  startSave();
  startPasses();
  document.getElementById("close-all").onclick = closeAll;
  document.getElementById("open-more").onclick = openMore;
  document.getElementById("cancel").onclick = cancelLayout;
  new MutationObserver(() => {
    document.getElementById("busy").hidden = document.documentElement.dataset.arranging !== "yes" || !drawing.firstView;
  }).observe(document.documentElement, { attributeFilter: ["data-arranging"] });
  state.fresh = true;
  state.stage = isDiff ? view.stages.length - 1 : 0;
  restage();
  if (location.hash.length > 1) jumpToId(decodeURIComponent(location.hash.slice(1)));
}

start();
