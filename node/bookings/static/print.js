// The page prints without this as well (Ctrl+P); the button is for those who look for one.
"use strict";
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => window.print());
