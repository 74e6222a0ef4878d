// The worker: arranges what it is told, one message at a time. Who wants it to stop ends it.
"use strict";

onmessage = ({ data: { number, jobs } }) => {
  postMessage({ number, made: arrange(jobs) });
};
