// Heat: how much of the time, the bytes or the FLOPs each card stands for, from pale to dark in one hue.
"use strict";

const RAMPS = {
  light: ["#fff8e8", "#fde6b0", "#f8c56c", "#e89a35", "#c66a12", "#8f4404", "#5a2800"],
  dark: ["#2b2720", "#46351c", "#6d4a16", "#9a6413", "#c98725", "#ecb254", "#ffe0a3"],
};

function themeNow() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function mix(a, b, share) {
  const channel = (text, at) => parseInt(text.slice(at, at + 2), 16);
  const parts = [1, 3, 5].map((at) => Math.round(channel(a, at) + (channel(b, at) - channel(a, at)) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function luminance(color) {
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The fill for a share from 0 to 1, and black or white, whichever can be read on it better. */
function heatColour(share) {
  const ramp = RAMPS[themeNow()];
  const at = Math.min(share, 0.9999) * (ramp.length - 1);
  const fill = mix(ramp[Math.floor(at)], ramp[Math.floor(at) + 1], at - Math.floor(at));
  return { fill, ink: luminance(fill) > 0.179 ? "#000000" : "#ffffff" };
}

/** Which measures the view knows. */
function knownMeasures() {
  const records = Object.values(view.nodes);
  const known = (measure) => records.some((record) => !isInput(record) && record[measure]);
  return Object.keys(MEASURES).filter(known);
}

function heatOf(item) {
  if (state.heat === "none") return null;
  const number = amount(item, state.heat);
  if (number === null) return null;
  const total = amount(state.root, state.heat) || 1;
  // The root of the share keeps small shares apart, which would all be the palest otherwise.
  return { share: number / total, ...heatColour(Math.sqrt(number / total)) };
}

function startHeat() {
  const field = document.getElementById("heat");
  const known = knownMeasures();
  field.hidden = !known.length;
  for (const name of ["none", ...["milliseconds", "bytes", "flops"].filter((each) => known.includes(each))]) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "heat", value: name, checked: name === state.heat });
    const span = document.createElement("span");
    span.textContent = name === "none" ? "Off" : MEASURES[name].title;
    label.append(input, span);
    field.append(label);
  }
  field.addEventListener("change", (event) => {
    state.heat = event.target.value;
    tell("heat");
  });
}
