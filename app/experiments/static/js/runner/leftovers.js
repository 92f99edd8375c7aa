/** On every page of a participant: send what is left over from a task. */

import { flushLeftBehind } from "../outbox/flush.js";
import { openStore } from "../outbox/outbox.js";

/** No store is made where there is none: most pages belong to studies without a task. */
async function exists() {
  const known = await indexedDB.databases?.();
  return known ? known.some(({ name }) => name === "studium") : true;
}

try {
  if (await exists()) await flushLeftBehind(await openStore(), "");
} catch {
  // a browser that keeps nothing has nothing left over
}
