"use strict";
// Tells the node what time this phone has, every few minutes of use: a node whose clock is far off asks a
// person for the date before a register opens (DESIGN C6).
(async () => {
  const every = 5 * 60 * 1000;
  const told = Number(sessionStorage.getItem("tongxin-clock-told") || 0);
  const register = location.pathname.startsWith("/registers/");
  if (!register && Math.abs(Date.now() - told) < every) return;
  const answer = await window.tongxin.post("/clock/phone", { phone_ms: Date.now() });
  if (answer.status !== 200) return;
  sessionStorage.setItem("tongxin-clock-told", String(Date.now()));
  if (!answer.body.must_confirm) return;
  if (register) {
    location.assign("/clock?next=" + encodeURIComponent(location.pathname + location.search));
    return;
  }
  for (const notice of document.querySelectorAll("[data-date-doubt]")) notice.hidden = false;
  for (const notice of document.querySelectorAll("[data-date-fine]")) notice.hidden = true;
})();
