/** Templates for a narrative: choosing one writes it at the place of the cursor. */

const chooser = document.querySelector("[data-narratives]");
const field = document.getElementById("id_narrative");

if (chooser && field) {
  field.closest(".form-row").append(chooser);
  chooser.hidden = false;
  const choice = chooser.querySelector("select");
  choice.addEventListener("change", () => {
    if (!choice.value) return;
    field.setRangeText(choice.value, field.selectionStart, field.selectionEnd, "end");
    choice.value = "";
    field.focus();
  });
}
