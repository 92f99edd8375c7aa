// Sends files and recordings in parts while the participant goes on with the page. A part is sent
// again until it is there, however often the connection breaks. Without JavaScript the browser
// sends the whole file with the page.

const PART = 512 * 1024;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [500, 15_000];

class Refused extends Error {}

const form = document.querySelector("main form[enctype]");
const holder = form.querySelector("[name=holder]").value;
const going = new Set();

function pause(attempt) {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, most * (0.5 + Math.random() / 2));
    window.addEventListener("online", done);
  });
}

async function post(address, body, said) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const headers = { Accept: "application/json", "Content-Type": "application/octet-stream" };
      const answer = await fetch(address, { method: "POST", body, headers, credentials: "omit" });
      if (answer.ok) return await answer.json();
      if (answer.status < 500 && answer.status !== 429) {
        const told = await answer.json().catch(() => ({}));
        throw new Refused(told.message ?? told.detail ?? "The file could not be saved.");
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    said("Waiting for the connection. Nothing is lost.");
    await pause(attempt);
  }
}

async function send(box, file, said, isCurrent) {
  const { address, upload: item } = box.dataset;
  const about = JSON.stringify({ holder, item, name: file.name, size: file.size });
  let { upload, received, complete } = await post(address, about, said);
  while (!complete) {
    if (!isCurrent()) return null;
    const part = await file.slice(received, received + PART).arrayBuffer();
    const where = `${address}${upload}/?at=${received}&holder=${holder}`;
    ({ received, complete } = await post(where, part, said));
    said(`Saving: ${Math.floor((100 * received) / file.size)} %`);
  }
  return upload;
}

function keeper(box) {
  const input = box.querySelector("input[type=file]");
  const status = box.querySelector("[role=status]");
  const said = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  const name = input.name;
  let latest = 0;

  const answer = (upload) => {
    box.querySelector("input[type=hidden]")?.remove();
    if (!upload) return;
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name, value: upload });
    box.prepend(hidden);
  };
  input.removeAttribute("name"); // what is saved already does not come a second time

  return async (file) => {
    latest += 1;
    const mine = latest;
    const isCurrent = () => mine === latest;
    going.add(box);
    answer(null);
    said("Saving: 0 %");
    try {
      if (file.size > Number(box.dataset.mostMb) * 1e6) {
        throw new Refused(`The file is larger than ${box.dataset.mostMb} MB.`);
      }
      const upload = await send(box, file, said, isCurrent);
      if (!isCurrent()) return;
      answer(upload);
      said(`Saved: ${file.name}`);
    } catch (error) {
      if (!isCurrent()) return;
      said(error instanceof Refused ? error.message : "The file could not be read.");
      input.value = "";
    }
    going.delete(box);
  };
}

function button(text, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button button-quiet", textContent: text });
  made.addEventListener("click", act);
  return made;
}

function recorder(box, keep) {
  const status = box.querySelector("[role=status]");
  const replay = Object.assign(document.createElement("audio"), { controls: true, hidden: true });
  let recording = null;

  const stopped = (parts, type) => {
    const stamp = new Date().toISOString().replaceAll(":", "-");
    const file = new File(parts, `recording-${stamp}`, { type });
    replay.src = URL.createObjectURL(file);
    replay.hidden = false;
    record.textContent = "Record again";
    going.delete(box);
    keep(file);
  };
  const begin = async () => {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      status.textContent = "The microphone could not be used. Allow it, or choose a file.";
      return;
    }
    const parts = [];
    recording = new MediaRecorder(stream);
    recording.addEventListener("dataavailable", (event) => parts.push(event.data));
    recording.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      clearTimeout(timer);
      stopped(parts, recording.mimeType);
      recording = null;
    });
    const timer = setTimeout(() => recording?.stop(), Number(box.dataset.longestS) * 1000);
    going.add(box);
    recording.start(1000);
    record.textContent = "Stop";
    status.textContent = `Recording, at most ${box.dataset.longestS} s`;
  };
  const record = button("Record", () => (recording ? recording.stop() : begin()));
  box.prepend(record);
  status.before(replay);
}

for (const box of document.querySelectorAll("[data-upload]")) {
  const keep = keeper(box);
  const input = box.querySelector("input[type=file]");
  input.addEventListener("change", () => input.files[0] && keep(input.files[0]));
  const canRecord = navigator.mediaDevices && window.MediaRecorder;
  if (box.dataset.kind === "recording" && canRecord) recorder(box, keep);
}

form.addEventListener("submit", (event) => {
  const [busy] = going;
  if (!busy) return;
  event.preventDefault();
  const status = busy.querySelector("[role=status]");
  status.textContent = `Not saved yet, please wait. ${status.textContent}`;
  status.scrollIntoView({ block: "center" });
});
