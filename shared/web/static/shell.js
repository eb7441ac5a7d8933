"use strict";
// What every page may ask of the shell: window.tongxin.post(url, data) sends JSON with the CSRF token and
// answers {status, body}; status 0 means that the node could not be reached.
window.tongxin = {
  token: () => document.querySelector('meta[name="csrf-token"]').content,
  async post(url, data) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.token() },
        body: JSON.stringify(data),
      });
      const text = await answer.text();
      let body = null;
      try { body = text ? JSON.parse(text) : null; } catch { body = null; }
      return { status: answer.status, body };
    } catch {
      return { status: 0, body: null };
    }
  },
};

// A form with data-once is not sent twice by an impatient thumb.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
