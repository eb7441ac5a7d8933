// Finding a person and hiding who was simply present; everything else is the plain form.
"use strict";
(function () {
  document.documentElement.classList.add("js");
  document.addEventListener("DOMContentLoaded", () => {
    const find = document.getElementById("find"), only = document.getElementById("only");
    const date = document.querySelector(".days input");
    date.addEventListener("change", () => { if (date.value) date.form.requestSubmit(); });
    const rows = [...document.querySelectorAll(".person")];
    function filter() {
      const text = find.value.trim().toLowerCase(), strict = only.getAttribute("aria-pressed") === "true";
      for (const row of rows) row.hidden = (text && !row.dataset.find.includes(text)) || (strict && row.classList.contains("ok"));
    }
    find.addEventListener("input", filter);
    find.addEventListener("keydown", (e) => { if (e.key === "Enter") e.preventDefault(); });
    only.addEventListener("click", () => { only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true")); filter(); });
    // Whoever is set to anything else than a plain present day needs the fields beside it.
    for (const row of rows) {
      const status = row.querySelector("select"), more = row.querySelector("details");
      if (status && more) status.addEventListener("change", () => { row.classList.toggle("exc", status.value !== "" && status.value !== "present"); });
    }
  });
})();
