// The box beside the pointer: one for all charts.
"use strict";

const tip = (() => {
  const { element } = dom;
  let box = null;

  // Beside {left, top}, in the window's coordinates, and inside the window.
  function show({ left, top }, ...content) {
    box ??= document.body.appendChild(element("div", { class: "tip", role: "status" }));
    box.hidden = false;
    box.replaceChildren(...content);
    const room = document.documentElement.clientWidth - box.offsetWidth - 8;
    box.style.left = `${Math.max(8, left + 16 > room ? left - box.offsetWidth - 16 : left + 16)}px`;
    box.style.top = `${Math.max(8, Math.min(top + 12, innerHeight - box.offsetHeight - 8))}px`;
  }

  function hide() {
    if (box !== null) box.hidden = true;
  }

  // mark: a node before the name, or null
  function row(mark, name, value) {
    return element("li", {}, mark, element("span", { class: "name" }, name), element("span", { class: "value" }, value));
  }

  return { show, hide, row };
})();
