// The view as an SVG file of its own: the drawing as it is, all of it, with its colours written in.
"use strict";

function svgOfView() {
  const { bounds } = drawing;
  const pad = 24;
  const box = [bounds.x - pad, bounds.y - pad, bounds.w + 2 * pad, bounds.h + 2 * pad].map((each) => Math.round(each));
  const culled = drawing.culled;
  const copy = graphElement.cloneNode(true);
  copy.classList.remove("moving", "far", "dimmed");
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("viewBox", box.join(" "));
  copy.setAttribute("width", box[2]);
  copy.setAttribute("height", box[3]);
  copy.removeAttribute("aria-label");
  copy.querySelector("#world").removeAttribute("transform");
  for (const each of copy.querySelectorAll(".hit, #links")) each.remove();
  for (const each of copy.querySelectorAll("[tabindex], [role]")) for (const name of ["tabindex", "role", "aria-expanded", "aria-label", "data-id"]) each.removeAttribute(name);
  // Places of cards are in their style on the page; a file keeps them as attributes, which every program reads.
  for (const each of copy.querySelectorAll(".card, .frame")) {
    const [x, y] = each.style.transform.match(/-?[\d.]+/g);
    each.setAttribute("transform", `translate(${x} ${y})`);
    each.style.transform = "";
  }
  const style = getComputedStyle(document.documentElement);
  const rules = document.getElementById("drawing-style").textContent.replace(/@media[^{]*\{[^{}]*\{[^{}]*\}\s*\}/g, "");
  const names = new Set(rules.match(/--[a-z-]+/g));
  const values = [...names].map((name) => [name, style.getPropertyValue(name).trim()]).filter(([, value]) => value);
  const sheet = svgElement("style");
  sheet.textContent = `#graph { ${values.map(([name, value]) => `${name}: ${value};`).join(" ")} }\n${rules}`;
  const paper = svgElement("rect", { x: box[0], y: box[1], width: box[2], height: box[3], fill: style.getPropertyValue("--canvas").trim() });
  const title = svgElement("title");
  title.textContent = `${view.title}: ${view.stages[state.stage].name}`;
  copy.prepend(title, sheet, paper);
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`, culled };
}

function saveView() {
  // A large drawing has only what the window shows: everything is drawn for the file, then again what was.
  const large = drawing.culled;
  if (large) {
    drawing.saving = true;
    repaint();
  }
  const { text } = svgOfView();
  if (large) {
    drawing.saving = false;
    repaint();
  }
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const link = h("a", { href: url, download: `${view.title.replace(/[^\w.-]+/g, "_").slice(0, 60) || "graph"}.svg` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  return text;
}

function startSave() {
  document.getElementById("save").onclick = saveView;
}
