// Boxes of the one list: how many are ticked, and all shown at once. Without script each is ticked by hand.
"use strict";
for (const form of document.querySelectorAll("form[data-ticked]")) {
  const boxes = [...form.querySelectorAll(".pick input[type=checkbox]")];
  const all = form.querySelector("[data-pick-all]");
  const said = form.querySelector("[data-picked]");
  if (!boxes.length || !all || !said) continue;
  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    said.textContent = said.dataset.words.replace("{count}", String(count));
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const button of form.querySelectorAll(".bulk-bar button")) button.disabled = count === 0;
  };
  all.closest("label").hidden = false;
  said.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  form.addEventListener("change", (event) => {
    if (event.target !== all) tell();
  });
  // A browser that comes back to the page brings its ticks with it.
  window.addEventListener("pageshow", tell);
  tell();
}
