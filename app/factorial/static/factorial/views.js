/**
 * The standard views and their English texts; each can be replaced under its name.
 *
 * A view gets `place`, where it may draw what it likes; `say(key, tag)`, which writes one of its
 * texts; `button(key, value)`, which gives the value when it is pressed; `pause(ms)`; and what is
 * known of where the run is. The run goes on when it returns.
 */

export const TEXTS = {
  wait: {
    begin: "One moment…",
    offline: "There is no connection to the server. It is tried again; leave this page open.",
    saving: "The last of what you did is being saved. Leave this page open.",
  },
  resume: {
    title: "You were interrupted",
    text: "What you did until then is kept: {done} of {total} trials.",
    go: "Go on where I was",
    anew: "I am somebody else: begin a new run",
  },
  blockStart: {
    title: "Block {n} of {blocks}",
    practice: "Practice",
    text: "{count} trials.",
    textPractice: "{count} trials to get used to it. They do not count.",
    go: "Start",
  },
  betweenTrials: { text: "{n} of {total}" },
  trial: "Trial {n} of {total}",
  end: {
    title: "Thank you",
    text: "You have done all {total} trials, and everything is saved. You can close this page.",
  },
  crash: {
    title: "This does not go on",
    saved: "Something went wrong. What you have done so far is kept.",
    unsaved: "Something went wrong, and not all of what you did is saved yet. Leave this page open.",
    tell: "If it happens again, tell whoever asked you to take part: {why}",
    go: "Try again",
  },
  elsewhere: {
    title: "This goes on elsewhere",
    text: "Another window or device has taken this run over. Go on there, or here; what was saved is kept either way.",
    go: "Go on here",
    overTitle: "This has ended",
    over: "The run has ended in the meantime. What was saved before is kept.",
  },
  saved: { saved: "Saved", saving: "Saving…", offline: "Not saved yet" },
  trouble: {
    offline: "There is no connection. You can go on: what you do is kept on this device and is sent when the connection is back.",
    memory: "This browser keeps nothing for this site, so each trial is sent before the next one. Leave this page open until you are through.",
  },
  pilot: "This is a trial run of the study. It does not count.",
};

const REST_MS = 400;

export const VIEWS = {
  async wait({ place, text, why }) {
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    place.append(said);
    said.textContent = text[why];
  },

  async resume({ say, button, done, total }) {
    say("title", "h1");
    say("text", "p", { done, total });
    return Promise.race([button("go", "on"), button("anew", "anew")]);
  },

  async blockStart({ say, button, block, blocks }) {
    const facts = { n: block.number + 1, blocks, count: block.trials.length };
    say(block.isPractice ? "practice" : "title", "h1", facts);
    say(block.isPractice ? "textPractice" : "text", "p", facts);
    await button("go");
  },

  async betweenTrials({ say, pause, trial, total }) {
    say("text", "p", { n: trial.index + 1, total });
    await pause(REST_MS);
  },

  async end({ say }) {
    say("title", "h1");
    say("text");
  },

  async crash({ say, button, error, isSaved, title, why = "" }) {
    say(title || "title", "h1");
    if (why) say(why);
    else {
      say(isSaved ? "saved" : "unsaved");
      say("tell", "p", { why: String(error?.message ?? error) });
    }
    await button("go");
  },

  async elsewhere({ say, button, canTakeOver, isOver }) {
    say(isOver ? "overTitle" : "title", "h1");
    say(isOver ? "over" : "text");
    if (canTakeOver) await button("go");
    else await new Promise(() => {}); // nothing goes on from here
  },
};
