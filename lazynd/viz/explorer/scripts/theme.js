// Light and dark: as the system has it, or as the switch says.
"use strict";

const THEMES = ["", "light", "dark"];
const THEME_WORDS = { "": "as the system", light: "light", dark: "dark" };

function setTheme(name) {
  const root = document.documentElement;
  if (name) root.dataset.theme = name;
  else delete root.dataset.theme;
  const button = document.getElementById("theme");
  button.setAttribute("aria-label", `Theme: ${THEME_WORDS[name]}`);
  button.title = `Theme: ${THEME_WORDS[name]}`;
  try {
    localStorage.setItem("lazynd-theme", name);
  } catch {
    // A page from a file may keep nothing.
  }
  tell("theme");
}

function startTheme() {
  let kept = "";
  try {
    kept = localStorage.getItem("lazynd-theme") || "";
  } catch {
    kept = "";
  }
  if (kept) setTheme(kept);
  document.getElementById("theme").onclick = () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "") + 1) % THEMES.length];
    setTheme(next);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tell("theme"));
}
