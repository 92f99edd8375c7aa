/** What a participant is told of the saving, and of what goes wrong. */

const SAVED = {
  saved: "Saved",
  saving: "Saving…",
  offline: "Not saved yet",
};
const TROUBLE = {
  offline:
    "There is no connection. You can go on: your answers are kept on this device and are sent when the connection is back.",
  memory:
    "This browser keeps nothing for this site, so each answer is sent before the next one. Leave this page open until you are through.",
  elsewhere:
    "The study was opened in another window or on another device. Go on there, or here; what was saved is kept either way.",
  over: "The study has ended in the meantime. What was saved before is kept.",
};
const UNTIL_SAID_MS = 1500;
const UNTIL_TROUBLE_MS = 6000;

const place = (name) => document.getElementById(`task-${name}`);

let timer = 0;
let warning = 0;
let isLasting = "";

/** @param {"saved"|"saving"|"offline"} state Short waits are not worth a word. */
export function sayState(state) {
  clearTimeout(timer);
  const say = () => {
    const saved = place("saved");
    saved.hidden = false;
    saved.dataset.state = state;
    saved.textContent = SAVED[state];
  };
  if (state === "saving") timer = setTimeout(say, UNTIL_SAID_MS);
  else say();
  if (state === "offline") warning ||= setTimeout(() => sayTrouble("offline"), UNTIL_TROUBLE_MS);
  if (state === "saved") {
    clearTimeout(warning);
    warning = 0;
    place("trouble").textContent = isLasting;
  }
}

/** @param {keyof TROUBLE} kind */
export function sayTrouble(kind, { lasts = false } = {}) {
  if (lasts) isLasting = TROUBLE[kind];
  place("trouble").textContent = TROUBLE[kind];
}

export function message(text) {
  place("message").textContent = text;
}

/** Offer to go on; @returns {Promise<void>} when it is pressed */
export function pressed(label) {
  const button = place("go");
  button.textContent = label;
  button.hidden = false;
  return new Promise((resolve) => {
    button.addEventListener(
      "click",
      () => {
        button.hidden = true;
        resolve();
      },
      { once: true },
    );
  });
}

/** The task can no longer go on here: say why, and offer to take it over. */
export function showElsewhere({ canTakeOver }) {
  place("stage").replaceChildren();
  document.getElementById("task").dataset.state = "over";
  place("card").hidden = true;
  place("take-over").hidden = !canTakeOver;
  place("take-over").querySelector("button").focus();
}

export function running() {
  document.getElementById("task").dataset.state = "running";
}

/** Show the items, or go on where there are none. */
export function showAfter() {
  const after = place("after");
  document.getElementById("task").hidden = true;
  after.hidden = false;
  const form = after.querySelector("form");
  if (after.dataset.empty === "1") return form.requestSubmit();
  const heading = after.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus();
}
