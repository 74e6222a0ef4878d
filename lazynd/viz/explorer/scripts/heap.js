// A heap that gives the smallest first.
"use strict";

class Heap {
  constructor(key) {
    this.key = key;
    this.items = [];
  }

  get size() {
    return this.items.length;
  }

  push(item) {
    const { items, key } = this;
    let at = items.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (key(items[up]) <= key(items[at])) break;
      [items[up], items[at]] = [items[at], items[up]];
      at = up;
    }
  }

  pop() {
    const { items, key } = this;
    const top = items[0];
    const last = items.pop();
    if (items.length) {
      items[0] = last;
      let at = 0;
      for (;;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < items.length && key(items[child]) < key(items[least])) least = child;
        }
        if (least === at) break;
        [items[least], items[at]] = [items[at], items[least]];
        at = least;
      }
    }
    return top;
  }
}
