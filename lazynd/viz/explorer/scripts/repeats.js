// Repeated segments: stretches of a sequence in which a pattern follows itself, as the steps of an unrolled loop do.
"use strict";

const LONGEST_PATTERN = 400;

/** Texts as small whole numbers: equal ones get the same. */
class Names {
  constructor() {
    this.known = new Map();
  }

  of(text) {
    let found = this.known.get(text);
    if (found === undefined) {
      found = this.known.size;
      this.known.set(text, found);
    }
    return found;
  }
}

/** The stretch of `codes` between `from` and `to` in which a pattern repeats over the most places, or null. */
function longestRepeat(codes, from, to) {
  let best = null;
  const most = Math.min(LONGEST_PATTERN, Math.floor((to - from) / 3));
  for (let length = 1; length <= most; length += 1) {
    if (best && best.length * best.times >= to - from - length) break;
    let start = from;
    for (let i = from; i <= to - length; i += 1) {
      if (i < to - length && codes[i] === codes[i + length]) continue;
      const times = Math.floor((i - start) / length) + 1;
      const enough = length === 1 ? 5 : 3;
      if (times >= enough && (!best || times * length > best.times * best.length)) best = { start, length, times };
      start = i + 1;
    }
  }
  return best;
}

/** All such stretches, in order, those with at least `least` places: [{start, length, times}]. */
function findRepeats(codes, least) {
  const found = [];
  const open = [[0, codes.length]];
  while (open.length) {
    const [from, to] = open.pop();
    if (to - from < least) continue;
    const best = longestRepeat(codes, from, to);
    if (!best || best.times * best.length < least) continue;
    found.push(best);
    open.push([from, best.start], [best.start + best.times * best.length, to]);
  }
  return found.sort((a, b) => a.start - b.start);
}
