/** Loading what a task shows and plays before it begins: a few at a time, each more than once. */

const AT_ONCE = 4;
const ATTEMPTS = 4;
const PATIENCE_MS = 60_000;
const KINDS = { image: "images", audio: "audio", video: "video" };
const LOADERS = { images: "preloadImages", audio: "preloadAudio", video: "preloadVideo" };

/**
 * @param {[kind: string, address: string, name: string][]} listed what the page knows of
 * @returns {[kind: string, address: string][]} that, and what the timeline itself shows
 */
export function mediaOf(jsPsych, timeline, listed) {
  const found = jsPsych.pluginAPI.getAutoPreloadList(timeline);
  for (const [kind, address] of listed) found[KINDS[kind]]?.push(address);
  return Object.entries(found).flatMap(([kind, all]) => [...new Set(all)].map((each) => [kind, each]));
}

/** Fetch a file whole, so that the browser has it; then let jsPsych make of it what it plays. */
async function once(jsPsych, kind, address) {
  if (!address.startsWith("data:")) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(address, { signal: patience.signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      await answer.blob();
    } finally {
      clearTimeout(timer);
    }
  }
  delete jsPsych.pluginAPI.audio_buffers?.[address]; // what failed before is not taken as there
  await new Promise((resolve, reject) => {
    jsPsych.pluginAPI[LOADERS[kind]]([address], resolve, () => {}, reject);
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function loaded(jsPsych, [kind, address]) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(jsPsych, kind, address);
    } catch {
      if (attempt === ATTEMPTS) throw new Error(`${address} could not be loaded`);
      await pause(400 * 2 ** attempt);
    }
  }
}

/** @param {(done: number, all: number) => void} onStep */
export async function preload(jsPsych, media, onStep) {
  const waiting = [...media];
  let done = 0;
  const line = async () => {
    while (waiting.length) {
      await loaded(jsPsych, waiting.shift());
      done += 1;
      onStep(done, media.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}
