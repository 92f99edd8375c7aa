/** A map in three planes: a press on one goes there, sliders and buttons do the same by keys. */

const ZERO = 128;
const PLANES = [
  { name: "x", across: 1, up: 2 }, // seen from the side
  { name: "y", across: 0, up: 2 }, // from the front
  { name: "z", across: 0, up: 1 }, // from above
];
const NEAR = 2; // voxels within which a press means a peak

const viewer = document.querySelector("[data-volume]");
if (viewer) begin(viewer);

async function begin(root) {
  const status = root.querySelector("[data-told]");
  try {
    const answer = await fetch(root.dataset.volume);
    if (!answer.ok) throw new Error(String(answer.status));
    connect(root, read(await answer.arrayBuffer()));
  } catch {
    status.textContent = "The map could not be loaded. Reload the page; the table of peaks has every peak.";
  }
}

/** Read the file that the job made: a length, words about the volume, a byte for each voxel. */
function read(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const words = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...words, values: new Uint8Array(buffer, 4 + length), back: inverse(words.affine) };
}

/** Invert an affine of three rows that matter. */
function inverse(a) {
  const [[p, q, r, x], [s, t, u, y], [v, w, k, z]] = a;
  const whole = p * (t * k - u * w) - q * (s * k - u * v) + r * (s * w - t * v);
  const turned = [
    [t * k - u * w, r * w - q * k, q * u - r * t],
    [u * v - s * k, p * k - r * v, r * s - p * u],
    [s * w - t * v, q * v - p * w, p * t - q * s],
  ].map((row) => row.map((each) => each / whole));
  return turned.map((row) => [...row, -(row[0] * x + row[1] * y + row[2] * z)]);
}

const apply = (rows, at) => rows.map((row) => row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3]);

function connect(root, volume) {
  const peaks = JSON.parse(document.getElementById("peaks-of-map").textContent).map((peak) => ({
    ...peak,
    at: apply(volume.back, peak.mm),
  }));
  const state = {
    at: volume.shape.map((size) => Math.floor(size / 2)),
    from: Number(root.dataset.from),
    peak: -1,
  };
  const parts = {
    canvases: PLANES.map((plane) => root.querySelector(`canvas[data-plane="${plane.name}"]`)),
    sliders: PLANES.map((plane) => root.querySelector(`input[data-axis="${plane.name}"]`)),
    from: root.querySelector("[data-threshold]"),
    told: root.querySelector("[data-told]"),
  };

  const show = () => {
    for (const [number, plane] of PLANES.entries()) {
      draw(parts.canvases[number], volume, plane, state, peaks);
      parts.sliders[number].value = state.at[number];
    }
    parts.told.textContent = words(volume, state, peaks);
  };
  const go = (at, peak = -1) => {
    state.at = at.map((each, axis) => Math.max(0, Math.min(volume.shape[axis] - 1, Math.round(each))));
    state.peak = peak;
    show();
  };
  const goToPeak = (number) => {
    if (!peaks.length) return;
    const place = (number + peaks.length) % peaks.length;
    go(peaks[place].at, place);
  };

  for (const [axis, slider] of parts.sliders.entries()) {
    slider.max = volume.shape[axis] - 1;
    slider.addEventListener("input", () => go(state.at.map((each, other) => (other === axis ? +slider.value : each))));
  }
  for (const [number, plane] of PLANES.entries()) {
    parts.canvases[number].addEventListener("click", (event) => {
      const at = pressed(parts.canvases[number], event, volume, plane, state.at);
      const near = nearest(peaks, at);
      if (near < 0) go(at);
      else goToPeak(near);
    });
  }
  parts.from.addEventListener("input", () => {
    state.from = +parts.from.value;
    show();
  });
  root.querySelector("[data-next]").addEventListener("click", () => goToPeak(state.peak + 1));
  root.querySelector("[data-previous]").addEventListener("click", () => goToPeak(Math.max(state.peak, 0) - 1));
  goToPeak(Number(root.dataset.peak) || 0);
  if (!peaks.length) show();
}

function nearest(peaks, at) {
  const away = peaks.map((peak) => Math.hypot(...peak.at.map((each, axis) => each - at[axis])));
  const best = away.indexOf(Math.min(...away));
  return best >= 0 && away[best] <= NEAR ? best : -1;
}

function pressed(canvas, event, volume, plane, at) {
  const box = canvas.getBoundingClientRect();
  const found = [...at];
  found[plane.across] = ((event.clientX - box.left) / box.width) * volume.shape[plane.across] - 0.5;
  found[plane.up] = (1 - (event.clientY - box.top) / box.height) * volume.shape[plane.up] - 0.5;
  return found;
}

function valueAt(volume, at) {
  const [width, depth] = volume.shape;
  return volume.values[at[0] + width * (at[1] + depth * at[2])];
}

const zOf = (volume, byte) => ((byte - ZERO) / 127) * volume.top;

/** Paint one plane, voxel by voxel, then the cross and the peaks over it. */
function draw(canvas, volume, plane, state, peaks) {
  const [width, height] = [volume.shape[plane.across], volume.shape[plane.up]];
  const scale = Math.max(1, Math.round(480 / Math.max(width, height)));
  canvas.width = width * scale;
  canvas.height = height * scale;
  const picture = new ImageData(width, height);
  const at = [...state.at];
  for (let row = 0; row < height; row += 1) {
    at[plane.up] = height - 1 - row;
    for (let column = 0; column < width; column += 1) {
      at[plane.across] = column;
      paint(picture.data, 4 * (row * width + column), valueAt(volume, at), volume, state.from);
    }
  }
  const small = new OffscreenCanvas(width, height);
  small.getContext("2d").putImageData(picture, 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  mark(context, { plane, state, peaks, scale, height });
}

/** Below the threshold grey; above it warm for positive, cool for negative, lighter with height. */
function paint(data, place, byte, volume, from) {
  if (byte === 0) return;
  const z = zOf(volume, byte);
  const size = Math.abs(z);
  const share = Math.min(1, (size - from) / Math.max(0.1, volume.top - from));
  let colour = [72, 72, 72].map((each) => each + Math.round(14 * Math.min(size, 3)));
  if (size >= from && z > 0) colour = [200 + 55 * share, 70 + 160 * share, 40 * share];
  if (size >= from && z < 0) colour = [40 * share, 110 + 120 * share, 200 + 55 * share];
  data.set([...colour.map(Math.round), 255], place);
}

function mark(context, { plane, state, peaks, scale, height }) {
  const axis = PLANES.indexOf(plane);
  const place = (at) => [(at[plane.across] + 0.5) * scale, (height - 0.5 - at[plane.up]) * scale];
  const [x, y] = place(state.at);
  const { width: right, height: bottom } = context.canvas;
  const cross = [[0, y, right, y], [x, 0, x, bottom]];
  for (const [colour, wide] of [["#000", 3], ["#fff", 1]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    for (const [a, b, c, d] of cross) {
      context.beginPath();
      context.moveTo(a, b);
      context.lineTo(c, d);
      context.stroke();
    }
    for (const [number, peak] of peaks.entries()) {
      if (Math.abs(peak.at[axis] - state.at[axis]) > 1) continue;
      context.beginPath();
      context.arc(...place(peak.at), (number === state.peak ? 3.5 : 2) * Math.max(scale, 3), 0, 7);
      context.stroke();
    }
  }
}

function words(volume, state, peaks) {
  const byte = valueAt(volume, state.at);
  const mm = apply(volume.affine, state.at).map((each) => each.toFixed(1));
  const peak = peaks[state.peak];
  if (peak) {
    return `Peak ${peak.number} of ${peaks.length}: ${peak.mm.map((each) => each.toFixed(1)).join(", ")} mm, Z = ${peak.z.toFixed(2)}`;
  }
  return `${mm.join(", ")} mm, ${byte ? `Z about ${zOf(volume, byte).toFixed(1)}` : "outside the mask"}`;
}
