// A slider above a number field. It has no thumb until the participant touches it, so an untouched
// slider is no answer; the field is what is sent, and all there is without JavaScript.

const UNTOUCHED = "not answered yet";

function rangeFor(number, label, anchors) {
  const range = document.createElement("input");
  range.type = "range";
  for (const name of ["min", "max", "step"]) range[name] = number[name];
  range.className = "slider untouched";
  range.setAttribute("aria-labelledby", label.id);
  if (anchors) range.setAttribute("aria-describedby", anchors.id);
  return range;
}

function place(anchors, number) {
  const [low, high] = [Number(number.min), Number(number.max)];
  anchors.classList.add("anchors-placed");
  for (const anchor of anchors.children) {
    const share = (Number(anchor.dataset.at) - low) / (high - low);
    anchor.style.setProperty("--share", String(share));
  }
}

function enhance(box) {
  const item = box.closest(".item");
  const number = box.querySelector("input[type=number]");
  const label = item.querySelector("label");
  const anchors = item.querySelector(".anchors");
  if (anchors) {
    anchors.id = `${number.id}-anchors`;
    place(anchors, number);
  }
  const range = rangeFor(number, label, anchors);
  const unit = box.querySelector("span")?.textContent ?? "";

  const show = () => {
    const isTouched = number.value !== "";
    if (isTouched) range.value = number.value;
    range.classList.toggle("untouched", !isTouched);
    range.setAttribute("aria-valuetext", isTouched ? `${number.value} ${unit}`.trim() : UNTOUCHED);
  };
  const take = () => {
    number.value = String(Number(Number(range.value).toPrecision(6)));
    show();
  };
  range.addEventListener("input", take);
  range.addEventListener("pointerup", take); // where it stands already, nothing is put in
  range.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      take();
    }
  });
  number.addEventListener("input", show);

  if ("hidesValue" in box.dataset) {
    box.hidden = true;
    range.id = number.id; // where the summary of what is missing leads
    number.removeAttribute("id");
    label.htmlFor = range.id;
  } else {
    number.setAttribute("aria-label", "As a number");
  }
  box.before(range);
  if (anchors) range.after(anchors);
  show();
}

for (const box of document.querySelectorAll("[data-slider]")) enhance(box);
