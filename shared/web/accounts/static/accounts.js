// Tick all at once: a comfort only; without script every box is ticked by hand.
"use strict";
for (const all of document.querySelectorAll("[data-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll("input[name=person]")) box.checked = all.checked;
  });
}
