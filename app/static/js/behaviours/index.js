/** Every behaviour by its name; markup asks for one or more by `data-behaviour="name other"`. */

import { connect as autoSubmit } from "./auto-submit.js";
import { connect as copy } from "./copy.js";
import { connect as focusHere } from "./focus-here.js";
import { connect as followLog } from "./follow-log.js";
import { connect as menu } from "./menu.js";
import { connect as once } from "./once.js";
import { connect as searchKey } from "./search-key.js";
import { connect as slider } from "./slider.js";
import { connect as tableKeys } from "./table-keys.js";
import { connect as typedConfirmation } from "./typed-confirmation.js";

const BEHAVIOURS = {
  "auto-submit": autoSubmit,
  copy,
  "focus-here": focusHere,
  "follow-log": followLog,
  menu,
  once,
  "search-key": searchKey,
  slider,
  "table-keys": tableKeys,
  "typed-confirmation": typedConfirmation,
};

const connected = new WeakSet();

/**
 * Connect what asks for a behaviour in `root` and was not connected before.
 * @param {Document | Element} root
 */
export function connectAll(root) {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root instanceof Element && root.matches("[data-behaviour]")) found.push(root);
  for (const element of found) {
    if (connected.has(element)) continue;
    connected.add(element);
    for (const name of element.dataset.behaviour.split(" ")) BEHAVIOURS[name]?.(element);
  }
}
