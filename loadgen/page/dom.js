// Elements from data. Text becomes text, never markup: what a server or a command line said is shown as it is.
"use strict";

const dom = (() => {
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined)
      .map((child) => (child instanceof Node ? child : String(child))));
    return made;
  }

  // Of page.css, as it stands for the theme shown.
  function theme_colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  // columns: {title, note, text}; a cell is text, a node or {node, class}. The first column is the row's heading.
  function table(label, columns, rows) {
    const head = columns.map((column) =>
      element("th", { scope: "col", class: column.text ? "text" : "" }, column.title,
        column.note ? element("small", {}, column.note) : null));
    const body = rows.map(({ cells, kind }) => element("tr", { class: kind ?? "" }, cells.map((cell, i) => {
      const attributes = { class: columns[i].text ? "text" : "" };
      return i === 0 ? element("th", { scope: "row", ...attributes }, cell) : element("td", attributes, cell);
    })));
    return element("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" },
      element("table", {}, element("caption", {}, label), element("thead", {}, element("tr", {}, head)),
        element("tbody", {}, body)));
  }

  // Works from a file too, where the clipboard may be refused.
  function copy(text, source) {
    const by_selection = () => {
      getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    };
    if (!navigator.clipboard) return Promise.resolve(by_selection());
    return navigator.clipboard.writeText(text).then(() => true, by_selection);
  }

  return { element, theme_colour, table, copy };
})();
