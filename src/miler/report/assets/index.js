// The table of every run says all by itself; this searches and sorts it.
"use strict";
{
  const table = document.querySelector("table.runs");
  const body = table?.tBodies[0];

  /** What a cell is sorted by; what has no value comes last, whichever way. */
  const keys = {
    text: (text) => text === "–" ? null : text,
    number: (text) => Number.isNaN(parseFloat(text)) ? null : parseFloat(text),
    time: (text) => {
      const time = /^[\d:.]+/.exec(text);
      return time && time[0].split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
    },
  };
  const { compare } = new Intl.Collator("en", { numeric: true });
  const order = (a, b) => typeof a === "string" ? compare(a, b) : a - b;

  /** Letters without accents, so that a search need not know them. */
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function sorting(heads) {
    const caption = table.querySelector("caption span");
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const falling = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        const key = keys[head.dataset.sort];
        const rows = [...body.rows].map((row) => [key(row.cells[column].textContent.trim()), row]);
        rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : order(a, b) * (falling ? -1 : 1));
        body.append(...rows.map(([, row]) => row));
        caption.textContent = `By ${button.textContent.toLowerCase()}, ${falling ? "falling" : "rising"}`;
      });
    });
  }

  function searching(form) {
    const input = form.querySelector("input"), status = form.querySelector("[role=status]");
    const texts = new Map([...body.rows].map((row) => [row, folded(row.textContent)]));
    const search = () => {
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      let found = 0;
      for (const [row, text] of texts) {
        row.hidden = !words.every((word) => text.includes(word));
        found += !row.hidden;
      }
      status.textContent = words.length ? `${found} of ${texts.size}` : "";
    };
    input.addEventListener("input", search);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    search();
  }

  if (body) {
    sorting([...table.tHead.rows[0].cells]);
    searching(document.querySelector("form.search"));
  }
}
