// Elements of the page, made with their text as text: nothing that a user named becomes markup.
"use strict";

function h(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key in made && !key.includes("-")) made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** One stop of the Tab key for a list: arrows move among its buttons. */
function roving(container, selector) {
  const all = () => [...container.querySelectorAll(selector)];
  const settle = () => {
    const items = all();
    if (!items.some((item) => item.tabIndex === 0) && items.length) items[0].tabIndex = 0;
  };
  for (const item of all()) item.tabIndex = -1;
  settle();
  container.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const items = all();
    const at = items.indexOf(document.activeElement);
    if (at < 0 || (!step && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    const to = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : Math.max(0, Math.min(items.length - 1, at + step));
    items[at].tabIndex = -1;
    items[to].tabIndex = 0;
    items[to].focus();
  };
}
