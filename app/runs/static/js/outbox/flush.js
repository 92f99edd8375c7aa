/** Send what earlier pages of this browser could not send any more. */

import { Outbox, leftBehind } from "./outbox.js";
import { Sender } from "./sender.js";

/** @param {IDBDatabase|null} db @param {string} except the visit of this page, which sends its own */
export async function flushLeftBehind(db, except) {
  for (const [visit, items] of await leftBehind(db, except).catch(() => new Map())) {
    const [{ address, holder }] = items;
    const outbox = new Outbox({ db, visit, address, holder });
    outbox.adopt(items);
    new Sender(outbox).kick();
  }
}
