/** A pointing task: press the start, then the target as fast as you can without missing it. */

import { begin } from "./studium-runs.js";

const asked = Object.fromEntries(new URLSearchParams(location.search));
const { lab, design, link, run: code, participant } = asked;
const run = await begin({ lab, design, link, run: code, participant });

for await (const trial of run.trials()) await trial.end(await pointed(run.place, trial));

/** A button in the middle of `x`, so that a keyboard reaches it as well. */
function target(field, name, x, width) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: `pointing-${name}`, textContent: name });
  made.style.left = `${x}px`;
  made.style.width = `${width}px`;
  field.append(made);
  return made;
}

/** @returns {Promise<PointerEvent>} what pressed it */
function pressed(button) {
  return new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
}

/** @returns {Promise<object>} the measures of one trial */
async function pointed(place, trial) {
  const { D, W } = trial.values;
  const words = document.createElement("p");
  words.className = "pointing-words";
  words.textContent = "Press the start, then the target.";
  const field = document.createElement("div");
  field.className = "pointing-field";
  place.replaceChildren(words, field);
  const middle = field.clientWidth / 2;
  const start = target(field, "start", middle - D / 2, 32);
  start.focus({ preventScroll: true });
  await pressed(start);
  start.remove();
  return aimed(field, trial, target(field, "target", middle + D / 2, W));
}

async function aimed(field, trial, goal) {
  let misses = 0;
  const at = ({ clientX, clientY }) => {
    const { left, top } = field.getBoundingClientRect();
    return { x: Math.round(clientX - left), y: Math.round(clientY - top) };
  };
  const moved = (event) => trial.event({ kind: "move", ...at(event) });
  const missed = (event) => {
    if (event.target === goal) return;
    misses += 1;
    trial.event({ kind: "miss", ...at(event) });
  };
  field.addEventListener("pointermove", moved);
  field.addEventListener("pointerdown", missed);
  goal.focus({ preventScroll: true });
  trial.start();
  const press = await pressed(goal);
  trial.event({ kind: "hit", ...at(press) });
  return { duration: trial.ms, misses, input: press.pointerType || "keyboard" };
}
