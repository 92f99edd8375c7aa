/**
 * Waiting for a group: ask the server now and then whether something has changed, in the time that
 * it names, and show the page anew if so. A form that is being filled in is never replaced; then
 * asking only says that somebody is there. Without this the page loads itself anew.
 */

const SLOWEST_MS = 20000;
const said = document.createElement("p");
said.className = "spoken";
said.setAttribute("role", "status");
document.body.append(said);

let timer = 0;
let failures = 0;
let begun = performance.now();

const group = () => document.getElementById("group");

/** Not all at the same time: after a failure of the server they would come back as one wave. */
function later(ms, spread = 0.2) {
  clearTimeout(timer);
  timer = setTimeout(ask, ms * (1 + spread * (Math.random() - 0.5)));
}

async function ask() {
  const here = group();
  if (!here?.dataset.stamp) return;
  try {
    const headers = { "If-None-Match": `"${here.dataset.stamp}"` };
    const answer = await fetch(here.dataset.ask, { headers, cache: "no-store" });
    if (answer.status >= 500) throw new Error(String(answer.status));
    failures = 0;
    if (answer.status === 200) await renew(here, (await answer.json()).stamp);
    later(Number(answer.headers.get("X-Again-Ms")) || SLOWEST_MS);
  } catch {
    failures += 1;
    later(Math.min(SLOWEST_MS, 1000 * 2 ** failures), 1);
  }
}

async function renew(here, stamp) {
  if (here.dataset.waits === undefined) {
    here.dataset.stamp = stamp;
    return;
  }
  const answer = await fetch(here.dataset.page, { cache: "no-store" });
  if (answer.status >= 500) throw new Error(String(answer.status));
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  show(here, next);
}

/** Show the new content where the old one was; say what has changed, keep the place of the focus. */
function show(here, next) {
  const focus = document.activeElement?.id;
  const phase = here.dataset.phase;
  document.title = next.title;
  document.getElementById("content").replaceWith(document.adoptNode(next.getElementById("content")));
  begun = performance.now();
  document.documentElement.dataset.shownSince = begun;
  if (group()?.dataset.phase !== phase) document.getElementById("content").focus();
  else if (focus) document.getElementById(focus)?.focus();
  said.textContent = document.getElementById("said")?.textContent ?? "";
}

/** How long it took to choose, and each choice once. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!group() || form.dataset.sent) {
    if (form.dataset.sent) event.preventDefault();
    return;
  }
  if (event.submitter?.name !== "act") return;
  form.dataset.sent = "1";
  const rt = document.createElement("input");
  rt.type = "hidden";
  rt.name = "rt";
  rt.value = (performance.now() - begun).toFixed(1);
  form.append(rt);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") ask();
});
window.addEventListener("online", ask);

if (group()?.dataset.again) later(Number(group().dataset.again));
