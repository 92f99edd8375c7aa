/** On every page of a participant: send what is left over from a task. */

import { flushLeftBehind } from "../outbox/flush.js";
import { openStore } from "../outbox/outbox.js";

const AGAIN_MS = 4000;

/** No store is made where there is none: most pages belong to studies without a task. */
async function exists() {
  const known = await indexedDB.databases?.();
  return known ? known.some(({ name }) => name === "studium") : true;
}

async function flush() {
  try {
    if (await exists()) await flushLeftBehind(await openStore(), "");
  } catch {
    // a browser that keeps nothing has nothing left over
  }
}

await flush();
setTimeout(flush, AGAIN_MS); // the page before may have written its last words while this one was made
