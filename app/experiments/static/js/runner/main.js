/**
 * Run a task: every trial goes into the outbox as it ends and from there to the server, and the
 * participant goes on when the server has all of it.
 */

import { Outbox, openStore } from "../outbox/outbox.js";
import { flushLeftBehind } from "../outbox/flush.js";
import { goOn, standing } from "./resume.js";
import { Sender } from "../outbox/sender.js";
import * as status from "./status.js";
import { Task } from "./task.js";
import { onlyHere } from "../outbox/tabs.js";

const setup = JSON.parse(document.getElementById("task-setup").textContent);
const born = performance.now();

const db = await openStore();
const outbox = new Outbox({ db, visit: setup.visit, address: setup.address, holder: setup.holder });
await outbox.load();
const wasDurable = outbox.isDurable;
for (const item of outbox.items.values()) item.holder = setup.holder;

const sender = new Sender(outbox);
const own = [...outbox.items.values()].filter((item) => item.kind === "event");
const loads = setup.loads + own.filter((item) => item.data.kind === "task began").length;
const GAP = 100; // the page before may still send events while this one is being made
let number = Math.max(setup.next_event, ...own.map((item) => item.number + 1)) + (loads ? GAP : 0);
let refused = 0;

/** Note what happens around the trials. */
function note(kind, data = {}) {
  const kept = outbox.put("event", number, { kind, at_ms: Math.round(performance.now() - born), data });
  number += 1;
  sender.kick();
  return kept;
}

const sent = new Map(setup.rows.map((row) => [row.index, row]));
for (const item of outbox.rows()) {
  if (!sent.has(item.number)) sent.set(item.number, { index: item.number, data: item.data });
}
const all = [...sent.values()];
const marks = own.filter((item) => item.data.kind === "block began");
const block = marks.length ? marks.at(-1).data.data.trial : setup.block;
const isThrough = setup.is_through || own.some((item) => item.data.kind === "task finished");
const rows = standing(all);
const start = { rows, ...goOn({ rule: setup.resume, rows, all, block, loads }) };
let recorded = sent.size;

let task = null;

/** A trial is over when its row is kept here; or, where nothing can be kept, on the server. */
async function onRow(data) {
  recorded += 1;
  task.pause();
  const kept = outbox.put("row", start.offset + data.trial_index, data);
  sender.kick();
  await kept;
  if (!outbox.isDurable) await sender.drained();
  task.resume();
}

async function finish() {
  await sender.drained();
  if (!isThrough) await note("task finished", { rows: recorded - refused });
  await sender.drained();
  if (!sender.isStopped) status.showAfter();
}

outbox.onRefused = (error) => {
  status.sayTrouble("memory", { lasts: true });
  note("storage refused", { why: String(error) });
};
sender.onRefused = (item, told) => {
  if (item.kind !== "row") return;
  refused += 1;
  const text = JSON.stringify(item.data).slice(0, 4000);
  note("row refused", { index: item.number, why: told.detail, text });
};
sender.onState = (state) => {
  if (state === "elsewhere" || state === "over") {
    task?.stop();
    status.sayTrouble(state, { lasts: true });
    status.showElsewhere({ canTakeOver: state === "elsewhere" });
  } else status.sayState(state);
};

addEventListener("pagehide", () => sender.lastWords());
document.addEventListener("visibilitychange", () => {
  note(document.hidden ? "page hidden" : "page shown");
  if (document.hidden) sender.lastWords();
  else sender.kick({ hurry: true });
});
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
addEventListener("online", () => {
  note("online");
  sender.kick({ hurry: true });
});
addEventListener("offline", () => note("offline"));
addEventListener("error", (event) => note("error", { message: String(event.message).slice(0, 1000) }));
addEventListener("unhandledrejection", ({ reason }) => note("error", { message: String(reason).slice(0, 1000) }));
addEventListener("beforeunload", (event) => {
  if (!outbox.isDurable && outbox.size) event.preventDefault();
});

/** The task itself has a fault: what was recorded is sent, and the participant is not left alone. */
function failed(error) {
  note("task failed", { message: String(error?.stack ?? error).slice(0, 4000) });
  sender.kick({ hurry: true });
  task?.stop();
  document.getElementById("task").dataset.state = "loading";
  document.getElementById("task-stage").replaceChildren();
  status.message("This part does not work here. What you have done so far is saved. Try it again; if it fails again, tell whoever sent you the link.");
  status.pressed("Try again").then(() => location.reload());
}

async function begin() {
  task = new Task(setup, start, { onRow, onEvent: note, onFinish: finish });
  status.message("Loading…");
  await task.prepare((done, count) => status.message(`Loading ${done} of ${count}…`));
  status.message("");
  const isResumed = loads > 0;
  note("task began", {
    load: loads,
    at: start.at,
    offset: start.offset,
    storage: outbox.isDurable ? "kept" : "memory",
    agent: navigator.userAgent,
    screen: [screen.width, screen.height, devicePixelRatio],
    window: [innerWidth, innerHeight],
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: new Date().toISOString(),
  });
  if (isResumed) status.message("You were interrupted. Go on where you were.");
  if (isResumed || task.isMute || document.querySelector("#task-card .words")) {
    await status.pressed(isResumed ? "Go on" : "Start");
  }
  status.message("");
  task.unmute();
  status.running();
  await task.run();
}

function giveUp() {
  sender.isStopped = true;
  sender.onState("elsewhere");
}

/** Whether this page was opened to take the task from another tab of this browser. */
function isTaking() {
  const isIt = sessionStorage.getItem("steal") === setup.visit;
  sessionStorage.removeItem("steal");
  document.getElementById("task-take-over").addEventListener("submit", () => {
    sessionStorage.setItem("steal", setup.visit);
  });
  return isIt;
}

onlyHere(setup.visit, giveUp, { steal: isTaking() }).then(async (isOnly) => {
  if (!isOnly) return;
  if (!wasDurable) outbox.onRefused("at the start");
  sender.kick();
  flushLeftBehind(db, setup.visit);
  if (isThrough || start.isOver) await finish();
  else await begin().catch(failed);
});
