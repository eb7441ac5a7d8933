// The register page: a tap opens the choices, letters set them, nothing is lost when the Wi-Fi drops.
// The form's own fields stay the truth; this script only makes them quick.
"use strict";
(function () {
  const $ = (id) => document.getElementById(id);
  const form = $("register"), box = window.tongxinOutbox;
  if (!form) return;
  const rows = [...form.querySelectorAll(".pupil")];
  const writable = form.dataset.source !== "";
  let filter = () => {};
  if (!writable) { findAndFilter(); return; }

  const dialog = $("sheet"), choices = [...dialog.querySelectorAll(".choices button")];
  const choiceOf = Object.fromEntries(choices.map((b) => [b.value, b]));
  const TIMED = new Set(["late", "early_leave"]);
  const history = [], touched = new Set(), mine = new Set();
  const draftKey = "tongxin-draft " + form.dataset.person + " " + form.action + " " + form.dataset.source;
  let open_row = null, dirty = false, digits = "", digits_row = null;

  const field = (row, name) => form.elements[name + "-" + row.dataset.person];
  const read = (row) => [field(row, "mark").value, Number(field(row, "minutes").value) || 0, field(row, "note").value];
  function write(row, [mark, minutes, note]) {
    field(row, "mark").value = mark;
    field(row, "minutes").value = minutes || "";
    field(row, "note").value = note || "";
    paint(row);
  }
  function paint(row) {
    const [mark, minutes] = read(row), button = row.querySelector("button.state"), choice = choiceOf[mark];
    const tone = choice.dataset.tone;
    button.className = "state " + tone;
    button.textContent = choice.dataset.word + (TIMED.has(mark) && minutes ? " " + box.words(form, "minutes", { n: minutes }) : "");
    row.classList.remove("l", "a", "s");
    if (tone) row.classList.add(tone);
  }
  // What counts is what holds: an office correction stands above the teacher's mark.
  const holds = (row) => row.dataset.office || field(row, "mark").value;
  function count() {
    const found = {};
    for (const row of rows) found[holds(row)] = (found[holds(row)] || 0) + 1;
    for (const each of document.querySelectorAll("#counts [data-code]")) {
      const code = each.dataset.code, n = found[code] || 0;
      each.querySelector("b").textContent = n;
      each.classList.toggle("some", n > 0);
      each.hidden = !n && !["present", "late", "absent"].includes(code);
    }
  }
  function change(row, next) {
    const before = read(row);
    if (before.join("\u0000") === next.join("\u0000")) return;
    history.push([row, before]);
    touched.add(row.dataset.person);
    write(row, next);
    edited();
  }
  function undo() {
    const last = history.pop();
    if (!last) return;
    write(last[0], last[1]);
    focus(last[0]);
    edited();
  }
  function edited() {
    dirty = true;
    stored(box.words(form, "unsaved"));
    count();
    filter();
    saveDraft();
  }
  function stored(text) {
    let line = $("stored");
    if (!line) { line = document.createElement("span"); line.id = "stored"; line.className = "stored"; $("counts").append(line); }
    line.textContent = text;
  }

  // A draft outlives a phone that drops the tab; it holds ids and marks, no names, and dies with the save.
  function saveDraft() {
    const marks = rows.filter((row) => touched.has(row.dataset.person)).map((row) => [row.dataset.person, read(row)]);
    try { localStorage.setItem(draftKey, JSON.stringify({ token: form.elements.token.value, marks })); } catch (_) { /* full: the page itself still holds it */ }
  }
  function dropDraft() { try { localStorage.removeItem(draftKey); } catch (_) { /* nothing was kept */ } }
  function restoreDraft() {
    let draft = null;
    try { draft = JSON.parse(localStorage.getItem(draftKey)); } catch (_) { return; }
    if (!draft || draft.token !== form.elements.token.value) { dropDraft(); return; }
    const byId = Object.fromEntries(rows.map((row) => [row.dataset.person, row]));
    for (const [person, mark] of draft.marks) if (byId[person] && choiceOf[mark[0]]) change(byId[person], mark);
    if (history.length) box.say("info", box.words(form, "draft"));
  }

  // --- the sheet of choices
  function openSheet(row) {
    open_row = row;
    $("sheet-name").textContent = row.querySelector(".name").textContent;
    showChoice();
    dialog.showModal();
    choiceOf[read(row)[0]].focus();
  }
  function showChoice() {
    const [mark, minutes, note] = read(open_row);
    for (const b of choices) b.setAttribute("aria-pressed", String(b.value === mark));
    $("sheet-minutes").hidden = !TIMED.has(mark);
    $("sheet-minutes-input").value = minutes || "";
    $("sheet-note").value = note;
  }
  function choose(row, mark) {
    const now = read(row);
    const minutes = TIMED.has(mark) ? (now[0] === mark && now[1]) || (mark === "late" ? Number(form.dataset.late) : 0) : 0;
    change(row, [mark, minutes, mark === "present" ? "" : now[2]]);
  }
  function minutes(row, n) {
    const now = read(row);
    if (TIMED.has(now[0])) change(row, [now[0], Math.max(0, Math.min(600, n)), now[2]]);
  }
  for (const b of choices) b.addEventListener("click", () => {
    choose(open_row, b.value);
    if (TIMED.has(b.value)) { showChoice(); b.focus(); } else dialog.close();
  });
  for (const b of $("sheet-minutes").querySelectorAll("button")) b.addEventListener("click", () => { minutes(open_row, Number(b.value)); dialog.close(); });
  $("sheet-minutes-input").addEventListener("change", (e) => minutes(open_row, Number(e.target.value) || 0));
  $("sheet-note").addEventListener("change", (e) => { const now = read(open_row); if (now[0] !== "present") change(open_row, [now[0], now[1], e.target.value.trim()]); });
  dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (e) => {
    const b = choices.find((c) => c.dataset.key.toLowerCase() === e.key.toLowerCase());
    if (b && e.target.tagName !== "INPUT") { e.preventDefault(); b.click(); }
  });
  dialog.addEventListener("close", () => { if (open_row) focus(open_row); });

  // --- keys: one stop for Tab, arrows inside the list
  const shown = () => rows.filter((row) => !row.hidden);
  function focus(row) {
    for (const each of rows) each.querySelector("button.state").tabIndex = each === row ? 0 : -1;
    if (!row.hidden) row.querySelector("button.state").focus();
  }
  function step(row, by) {
    const list = shown(), at = list.indexOf(row);
    const next = list[Math.max(0, Math.min(list.length - 1, at + by))];
    if (next) focus(next);
  }
  function columns() {
    return Math.max(1, getComputedStyle($("roll")).gridTemplateColumns.split(" ").length);
  }
  function key(e) {
    const row = e.target.closest(".pupil");
    if (!row || e.ctrlKey || e.metaKey || e.altKey) return;
    const moves = { ArrowDown: columns(), ArrowUp: -columns(), ArrowRight: 1, ArrowLeft: -1, Home: -1e6, End: 1e6 };
    if (e.key in moves) { e.preventDefault(); step(row, moves[e.key]); return; }
    const b = choices.find((c) => c.dataset.key.toLowerCase() === e.key.toLowerCase());
    if (b) { e.preventDefault(); digits = ""; choose(row, b.value); return; }
    if (e.key >= "0" && e.key <= "9" && TIMED.has(read(row)[0])) {
      digits = (digits_row === row ? digits : "") + e.key;
      digits_row = row;
      minutes(row, Number(digits.slice(-3)));
    } else if (e.key.toLowerCase() === "u") undo();
  }
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key === "Enter") { e.preventDefault(); form.requestSubmit(); return; }
    if (e.key === "/" && !["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName) && !dialog.open) { e.preventDefault(); $("find").focus(); }
  });
  $("roll").addEventListener("keydown", key);

  // --- find and "only exceptions"
  function findAndFilter() {
    const find = $("find"), only = $("only");
    const exceptional = (row) => !row.querySelector("select") ? !!row.matches(".l,.a,.s") : read(row)[0] !== "present" || row.dataset.office;
    filter = () => {
      const text = find.value.trim().toLowerCase(), strict = only.getAttribute("aria-pressed") === "true";
      let seen = 0;
      for (const row of rows) {
        row.hidden = (text && !row.dataset.find.includes(text)) || (strict && !exceptional(row) && row !== open_row_now());
        if (!row.hidden) seen += 1;
      }
      $("nobody").hidden = seen > 0 || !rows.length;
    };
    find.addEventListener("input", filter);
    find.addEventListener("keydown", (e) => {
      if (e.key === "Enter" || e.key === "ArrowDown") { e.preventDefault(); const first = rows.find((row) => !row.hidden); if (first && writable) focus(first); }
      if (e.key === "Escape") { find.value = ""; filter(); }
    });
    only.addEventListener("click", () => { only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true")); filter(); });
  }
  function open_row_now() { return writable && dialog && dialog.open ? open_row : null; }

  // --- saving: kept on this device first, then sent; the answer clears it
  function item() {
    const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
    fields.push(["touched", [...touched].join(",")]);
    return { id: String(Date.now()) + Math.random(), url: form.action, fields, source: form.dataset.source, person: form.dataset.person, label: form.dataset.label };
  }
  async function submit(e) {
    e.preventDefault();
    const save = item();
    mine.add(save.id);
    if (!box.add(save)) { box.say("bad", box.words(form, "full")); form.submit(); return; }
    $("done").disabled = true;
    stored(box.words(form, "saving"));
    try { await box.flush(form, answered); } finally { $("done").disabled = false; }
    if (box.of(form.dataset.person).some((each) => each.id === save.id)) { dirty = false; stored(box.words(form, "kept")); }
  }
  function answered(sent, answer) {
    if (sent.url !== form.action || sent.source !== form.dataset.source || !answer) return;
    // A save that an earlier tab left behind: this page was drawn before it arrived.
    if (!mine.has(sent.id) && !dirty) { location.reload(); return; }
    const marks = Object.fromEntries(sent.fields);
    form.elements.token.value = answer.token;
    let merged = false;
    for (const row of rows) {
      const person = row.dataset.person, now = answer.marks[person] || ["present", 0, ""];
      const said = marks["mark-" + person];
      // Somebody else's mark came in with this save: show it, unless it was changed here meanwhile.
      if (said && said !== now[0] && field(row, "mark").value === said && form.dataset.source === "teacher") { write(row, now); merged = true; }
    }
    dirty = false;
    touched.clear();
    dropDraft();
    $("taken").textContent = answer.taken;
    $("taken").className = "yes";
    stored(answer.state_words);
    const chip = document.querySelector(".head-chip");
    if (chip && answer.chip) {
      chip.textContent = answer.chip.words;
      chip.className = "chip head-chip " + answer.chip.tone;
    }
    if (sent.source === "teacher") $("done").textContent = box.words(form, "again");
    box.say(merged ? "warn" : "ok", box.words(form, merged ? "merged" : "sent"));
    count();
  }

  for (const row of rows) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "state";
    button.setAttribute("aria-haspopup", "dialog");
    button.id = "state-" + row.dataset.person;
    button.setAttribute("aria-labelledby", "name-" + row.dataset.person + " state-" + row.dataset.person);
    button.tabIndex = -1;
    button.addEventListener("click", () => openSheet(row));
    row.append(button);
    paint(row);
  }
  if (rows.length) rows[0].querySelector("button.state").tabIndex = 0;
  form.addEventListener("submit", submit);
  form.addEventListener("reset", (e) => { e.preventDefault(); undo(); });
  window.addEventListener("beforeunload", (e) => { if (dirty) { saveDraft(); e.preventDefault(); } });
  findAndFilter();
  count();
  box.start(form, answered);
  restoreDraft();
})();
