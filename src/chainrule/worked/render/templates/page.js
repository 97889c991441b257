"use strict";
const all = () => document.querySelectorAll("main details");
const tools = document.querySelector(".tools");
tools.hidden = false;
tools.addEventListener("click", (event) => {
  const open = event.target.dataset.open;
  if (open) all().forEach((one) => { one.open = open === "true"; });
});
const shut = [];
addEventListener("beforeprint", () => {
  all().forEach((one) => { if (!one.open) { shut.push(one); one.open = true; } });
});
addEventListener("afterprint", () => {
  while (shut.length) shut.pop().open = false;
});
