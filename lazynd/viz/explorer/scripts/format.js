// Numbers as people read them, and texts cut to the width that there is.
"use strict";

const UNITS = ["", "k", "M", "G", "T", "P"];

/** 1234567 -> "1.23 M"; whole numbers below 1,000 as they are. */
function scaled(number, unit) {
  if (number === null || number === undefined) return "not known";
  let step = 0;
  let rest = Math.abs(number);
  while (rest >= 999.5 && step < UNITS.length - 1) {
    rest /= 1000;
    step += 1;
  }
  const digits = step === 0 ? (Number.isInteger(rest) ? 0 : 3) : rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  const text = `${number < 0 ? "−" : ""}${rest.toFixed(digits)}`;
  return `${text} ${UNITS[step]}${unit}`.trim();
}

function grouped(number) {
  return Number.isInteger(number) ? number.toLocaleString("en-US") : String(Math.round(number * 1000) / 1000);
}

function plural(count, word) {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}

const MEASURES = {
  flops: { title: "FLOPs", show: (n) => scaled(n, "FLOP") },
  bytes: { title: "Bytes", show: (n) => scaled(n, "B") },
  milliseconds: { title: "Time", show: (n) => (n === null || n === undefined ? "not known" : `${scaled(n * 1e-3 < 1e-3 ? n * 1000 : n, n < 1 ? "µs" : "ms")}`) },
};

const pen = document.createElement("canvas").getContext("2d");
const widths = new Map();
const FONTS = {};

/** The fonts of the drawing, as the style sheet has them: asked once, so that measuring and drawing agree. */
function readFonts() {
  const style = getComputedStyle(document.documentElement);
  const plain = style.getPropertyValue("--font").trim();
  const mono = style.getPropertyValue("--mono").trim();
  FONTS.title = `600 13px ${plain}`;
  FONTS.type = `400 11px ${mono}`;
  FONTS.small = `500 11px ${plain}`;
  FONTS.head = `600 13px ${plain}`;
}

function widthOf(text, font) {
  const key = `${font}\n${text}`;
  let found = widths.get(key);
  if (found === undefined) {
    pen.font = FONTS[font];
    found = pen.measureText(text).width;
    widths.set(key, found);
  }
  return found;
}

/** `text`, or as much of its beginning as fits into `room` with an ellipsis. */
function fit(text, font, room) {
  if (widthOf(text, font) <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(`${text.slice(0, middle)}…`, font) <= room) low = middle;
    else high = middle - 1;
  }
  return low ? `${text.slice(0, low)}…` : "";
}
