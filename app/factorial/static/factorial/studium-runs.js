/**
 * Do a run of a factorial design in a browser. Every trial goes into an outbox as it ends, and from
 * there to the server; a closed tab, an empty battery or a lost connection loses none.
 *
 *   const run = await begin({ lab: "alder", design: "pointing" });
 *   for await (const trial of run.trials()) {
 *     trial.event({ x, y });
 *     await trial.end({ duration, hit: true });
 *   }
 *
 * docs/factorial/client.md tells the rest.
 */

import { flushLeftBehind } from "../js/outbox/flush.js";
import { Outbox, openStore } from "../js/outbox/outbox.js";
import { onlyHere } from "../js/outbox/tabs.js";
import { once, Refused, until } from "./asking.js";
import { forget, nameOf, remembered } from "./remembered.js";
import { Run } from "./run.js";
import { Stage } from "./stage.js";

export { Refused } from "./asking.js";
export { TEXTS, VIEWS } from "./views.js";

const OURS = new URL("/", import.meta.url).href; // the site that this module came from

/**
 * Begin a run, or go on with the one that this browser has begun.
 *
 * @param {{lab?: string, design?: string, link?: string, run?: string, participant?: string,
 *          server?: string, stage?: Element|string, views?: object, texts?: object}} wish
 *   `lab` and `design` by their codes, or `link`; `run` names one of the design, else the next free
 *   one is handed out; `views` and `texts` replace the standard ones by their names
 * @returns {Promise<Run>}
 */
export async function begin({ server = OURS, stage, views = {}, texts = {}, ...which }) {
  const shown = new Stage({ at: stage, views, texts });
  const name = nameOf({ server, ...which });
  const facts = await opened({ server, which, name, shown }).catch((error) => gaveUp(shown, error));
  const run = await made({ facts, name, shown });
  flushLeftBehind(run.outbox.db, run.outbox.visit);
  const where = { done: run.done, total: run.total };
  if (run.isBegun && !run.isOver && (await shown.show("resume", where)) === "anew") {
    await run.abandon();
    return begin({ server, stage, views, texts, ...which });
  }
  return run;
}

/** @returns {Promise<never>} there is no run to be had, and the participant is told why */
async function gaveUp(shown, error) {
  await shown.show("crash", { error, isSaved: true, why: error.message, title: error.title });
  throw error;
}

/** Ask for the run until the server has said which; asked twice, it says the same. */
async function opened({ server, which, name, shown, takeOver = shown.isTaking }) {
  const self = remembered(name);
  shown.wait("begin");
  const asked = { ...which, key: self.key, holder: self.holder, take_over: takeOver };
  const onWait = (attempt) => attempt > 2 && shown.wait("offline");
  try {
    const facts = await until(new URL("designs/run/begin/", server).href, asked, onWait);
    const address = (path) => new URL(`designs/run/${self.key}/${path}/`, server).href;
    const plan = await until(address("plan"), null, onWait);
    return { ...facts, ...plan, ...self, address, takeOver };
  } catch (error) {
    return again({ server, which, name, shown }, self, error);
  }
}

/** What a refusal leads to: another run, a run taken over, or nothing that can be done here. */
async function again(wish, self, error) {
  const code = error instanceof Refused ? error.code : "";
  if (!self.isNew && (code === "run-is-over" || code === "no-such-run")) {
    forget(wish.name);
    return opened(wish);
  }
  if (code === "held-elsewhere" && error.told.can_take_over !== false) {
    await wish.shown.show("elsewhere", { canTakeOver: true });
    return opened({ ...wish, takeOver: true });
  }
  throw error;
}

async function made({ facts, name, shown }) {
  const db = await openStore();
  const address = facts.address("trials");
  const outbox = new Outbox({ db, visit: facts.run, address, holder: facts.holder });
  await outbox.load();
  for (const item of outbox.items.values()) item.holder = facts.holder;
  if (facts.is_pilot) shown.pilot();
  const run = new Run({ facts, outbox, shown, forget: () => forget(name), ask: once, until });
  const isOnly = await onlyHere(facts.run, () => run.lost("elsewhere"), { steal: facts.takeOver });
  if (isOnly) run.attend();
  else await shown.show("elsewhere", { canTakeOver: true }).then(() => shown.takeHere());
  return run;
}
