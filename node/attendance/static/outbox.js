// Saves that have not reached the node yet wait here, on this device, and go out when it answers.
// A save is a register's whole form: sending it twice changes nothing, so a lost reply does no harm.
"use strict";
(function () {
  const KEY = "tongxin-outbox";
  const RETRY_MS = 5000;
  let sending = false;

  function all() {
    try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch (_) { return []; }
  }
  function keep(items) {
    try {
      if (items.length) localStorage.setItem(KEY, JSON.stringify(items));
      else localStorage.removeItem(KEY);
      return true;
    } catch (_) { return false; }
  }
  // One save per register and source: the newest form says all that the older ones said.
  function add(item) {
    return keep(all().filter((old) => old.url !== item.url || old.source !== item.source || old.person !== item.person).concat(item));
  }
  function drop(item) { keep(all().filter((old) => old.id !== item.id)); }
  function of(person) { return all().filter((item) => item.person === person); }

  async function post(item, csrf) {
    const body = new URLSearchParams(item.fields);
    body.set("csrf_token", csrf);
    return fetch(item.url, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  }
  // A page that was open for hours, or another log-in, has an old CSRF token: fetch a fresh one, once.
  async function freshToken(item) {
    const page = await fetch(item.url, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!page.ok || page.redirected) return null;
    const doc = new DOMParser().parseFromString(await page.text(), "text/html");
    const form = doc.getElementById("register");
    if (!form || form.dataset.person !== item.person) return null;
    return form.querySelector("[name=csrf_token]").value;
  }
  async function answerOf(response) {
    try { return await response.json(); } catch (_) { return {}; }
  }
  // "sent", "waiting" (no answer), "login" (someone must log in), or "refused" with the node's words.
  async function send(item) {
    let response;
    try {
      const meta = document.querySelector("meta[name=csrf-token]");
      response = await post(item, meta ? meta.content : "");
      let answer = await answerOf(response);
      if (response.status === 400 && answer.error && answer.error.code === "csrf") {
        const token = await freshToken(item);
        if (!token) return { kind: "login" };
        response = await post(item, token);
        answer = await answerOf(response);
      }
      if (response.ok && answer.saved) { drop(item); return { kind: "sent", answer }; }
      if (response.status === 401 || (answer.error && answer.error.code === "password_must_change")) return { kind: "login" };
      // The node cannot take it yet (a date to confirm, a busy disk): keep it, say why, try again.
      if (answer.error && answer.error.advice !== "none") return { kind: "blocked", answer };
      if (response.status >= 500 || response.status === 429 || !answer.error) return { kind: "waiting" };
      return { kind: "refused", answer };
    } catch (_) { return { kind: "waiting" }; }
  }

  function words(holder, name, values) {
    let text = holder.dataset["word" + name[0].toUpperCase() + name.slice(1)] || "";
    for (const [key, value] of Object.entries(values || {})) text = text.replace("{" + key + "}", value);
    return text;
  }
  function refusalWords(answer) {
    const english = document.documentElement.lang.startsWith("en");
    const error = answer.error;
    const parts = (error.problems || []).map((p) => (english ? p.message_en + ", " + p.cure_en : p.message + "，" + p.cure));
    return [english ? error.message_en : error.message, ...parts].join(" ");
  }
  function say(tone, text) {
    const line = document.getElementById("net");
    if (!line) return;
    line.hidden = !text;
    line.className = "flash " + tone;
    line.textContent = text;
  }

  // Sends what waits for this person, oldest first. Someone else's saves stay until they log in again.
  async function flush(holder, onSent) {
    if (sending) return;
    sending = true;
    let sent = 0;
    try {
      for (const item of of(holder.dataset.person)) {
        if (item.refused) continue;
        const result = await send(item);
        if (result.kind === "sent") {
          sent += 1;
          if (onSent) onSent(item, result.answer);
          else say("ok", words(holder, "sent"));
        }
        if (result.kind === "refused") {
          keep(all().map((old) => (old.id === item.id ? { ...old, refused: refusalWords(result.answer) } : old)));
          if (onSent) onSent(item, null, result.answer);
        }
        if (result.kind === "login") { report(holder, "login"); return; }
        if (result.kind === "blocked") { say("warn", refusalWords(result.answer)); return; }
        if (result.kind === "waiting") break;
      }
      // The good news stays on the page unless there is something more to tell.
      if (!sent || all().length) report(holder);
    } finally { sending = false; }
  }
  function report(holder, kind) {
    const mine = of(holder.dataset.person);
    const refused = mine.find((item) => item.refused);
    if (kind === "login" && mine.length) say("warn", words(holder, "login", { n: mine.length }));
    else if (refused) {
      say("bad", refused.label + "：" + refused.refused);
      const drop_it = document.createElement("button");
      drop_it.type = "button"; drop_it.className = "link"; drop_it.textContent = words(holder, "drop");
      drop_it.addEventListener("click", () => { drop(refused); report(holder); });
      document.getElementById("net").append(" ", drop_it);
    } else if (mine.length) say("warn", words(holder, "waiting", { n: mine.length }));
    else if (all().length) say("info", words(holder, "others", { n: all().length }));
    else say("warn", "");
  }
  function start(holder, onSent) {
    const go = () => { if (of(holder.dataset.person).some((item) => !item.refused)) flush(holder, onSent); };
    window.addEventListener("online", go);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) go(); });
    setInterval(go, RETRY_MS);
    report(holder);
    go();
  }

  document.documentElement.classList.add("js");
  window.tongxinOutbox = { add, of, flush, start, report, words, refusalWords, say };
  document.addEventListener("DOMContentLoaded", () => {
    const line = document.getElementById("net");
    if (line && line.dataset.person) start(line);
    const date = document.querySelector(".days input");
    if (date) date.addEventListener("change", () => { if (date.value) date.form.requestSubmit(); });
  });
})();
