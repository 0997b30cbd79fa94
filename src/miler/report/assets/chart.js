// The server draws the pace chart; this lets a reader ask it: what was when, what else, and closer.
"use strict";
{
  const place = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  };
  const show = (element, there) => there ? element.removeAttribute("display") : element.setAttribute("display", "none");

  /** The ticks of an axis: at most ten, a round number of units apart. */
  function ticks(from, to) {
    const power = 10 ** Math.floor(Math.log10((to - from) / 10));
    const step = [1, 2, 5, 10, 20].map((times) => times * power).find((step) => (to - from) / step <= 10);
    const first = Math.ceil(from / step - 1e-9), last = Math.floor(to / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => [first + i, (first + i) * step]);
  }

  function enliven(figure) {
    const { at, reach, distance, elapsed, curves } = JSON.parse(figure.querySelector("script").textContent);
    const find = (selector) => figure.querySelector(selector);
    const plot = find(".pace-plot"), drawn = find(".curves"), slider = find(".at"), readout = find(".readout");
    const cursor = find(".cursor"), chosen = find(".chosen");
    const band = find("rect.band"), label = find("text.band"), distances = find(".distances");
    const boxes = [...figure.querySelectorAll("input[type=checkbox]")];
    const { width: widest, height } = drawn.viewBox.baseVal;
    let from = 0, width = widest;

    const percent = (x) => 100 * (x - from) / width;
    const nearest = (x) => at.reduce((best, here, i) => Math.abs(here - x) < Math.abs(at[best] - x) ? i : best, 0);

    function read() {
      const i = slider.valueAsNumber;
      const said = boxes.filter((box) => box.checked && curves[box.value][i] !== null)
        .map((box) => `${box.parentElement.textContent.trim().toLowerCase()} ${curves[box.value][i]} ${box.dataset.unit}`);
      readout.textContent = [`${distance[i]} ${distances.dataset.unit}, ${elapsed[i]}`, ...said].join(" · ");
      slider.setAttribute("aria-valuetext", readout.textContent);
      place(cursor, { x1: `${percent(at[i])}%`, x2: `${percent(at[i])}%` });
      show(cursor, at[i] >= from && at[i] <= from + width);
    }

    function look(start, size) {
      width = Math.min(Math.max(size, widest / 100), widest);
      from = Math.min(Math.max(start, 0), widest - width);
      drawn.setAttribute("viewBox", `${from} 0 ${width} ${height}`);
      const unit = (x) => reach[0] + (reach[1] - reach[0]) * x / widest;
      const [first, last] = [unit(from), unit(from + width)];
      distances.replaceChildren(...ticks(first, last).map(([number, value]) => {
        const text = document.createElementNS(plot.namespaceURI, "text");
        place(text, { x: `${100 * (value - first) / (last - first)}%`, y: "100%", dy: "1.5em", "text-anchor": "middle" });
        text.classList.toggle("minor", number % 2 !== 0);
        text.textContent = String(Number(value.toFixed(6)));
        return text;
      }));
      if (band) name();
      [slider.min, slider.max] = [nearest(from), nearest(from + width)];
      read();
    }

    /** Hang the mile's label where its band is in sight, off the ends of the plot. */
    function name() {
      const left = Math.max(percent(band.x.baseVal.value), 0);
      const right = Math.min(percent(band.x.baseVal.value + band.width.baseVal.value), 100);
      const middle = (left + right) / 2;
      const [anchor, x] = middle < 25 ? ["start", left] : middle > 75 ? ["end", right] : ["middle", middle];
      place(label, { x: `${x}%`, "text-anchor": anchor });
      show(label, right > left);
    }

    const views = {
      mile: () => look(band.x.baseVal.value - 0.1 * band.width.baseVal.value, 1.2 * band.width.baseVal.value),
      in: () => look(at[slider.valueAsNumber] - width / 4, width / 2),
      out: () => look(from - width / 2, width * 2),
      all: () => look(0, widest),
    };
    for (const button of figure.querySelectorAll("button")) button.addEventListener("click", views[button.value]);
    for (const box of boxes) {
      box.addEventListener("change", () => {
        show(drawn.querySelector(`path.${box.value}`), box.checked);
        read();
      });
    }
    slider.addEventListener("input", read);

    // A mouse reads where it is, and takes a closer look at what it drags over; a finger only reads.
    let pressed = null;
    const under = (event) => {
      const { left, width: pixels } = plot.getBoundingClientRect();
      return from + width * Math.min(Math.max((event.clientX - left) / pixels, 0), 1);
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      event.preventDefault();
      plot.setPointerCapture(event.pointerId);
      pressed = under(event);
    });
    plot.addEventListener("pointermove", (event) => {
      slider.value = nearest(under(event));
      read();
      if (pressed === null) return;
      const [left, right] = [pressed, under(event)].sort((a, b) => a - b);
      place(chosen, { x: `${percent(left)}%`, width: `${percent(right) - percent(left)}%` });
      show(chosen, true);
    });
    plot.addEventListener("pointerup", (event) => {
      if (pressed === null) return;
      const [left, right] = [pressed, under(event)].sort((a, b) => a - b);
      pressed = null;
      show(chosen, false);
      if (right - left > 0.02 * width) look(left, right - left);
    });
    plot.addEventListener("dblclick", views.all);

    find(".controls").hidden = false;
    slider.value = nearest(band ? band.x.baseVal.value + band.width.baseVal.value / 2 : widest / 2);
    look(0, widest);
  }

  for (const figure of document.querySelectorAll(".pace-chart")) enliven(figure);
}
