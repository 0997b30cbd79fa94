// The pace light: the mile again, in real time or faster, beside whoever is chased.
"use strict";
{
  /** Where a line through points is at x; its ends beyond them. */
  function along(xs, ys, x) {
    let low = 0, high = xs.length - 1;
    if (x >= xs[high]) return ys[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle; else high = middle;
    }
    return ys[low] + (ys[high] - ys[low]) * Math.max(x - xs[low], 0) / (xs[high] - xs[low]);
  }

  const tenths = (seconds) => Math.ceil(seconds * 10 - 1e-6);  // never in the runner's favour
  function clock(count) {
    const rest = `${Math.floor(count / 10) % 60}.${count % 10}`;
    return count < 600 ? rest : `${Math.floor(count / 600)}:${rest.padStart(4, "0")}`;
  }

  function gap(seconds, metres) {
    const late = tenths(seconds), far = Math.ceil(metres - 1e-6);
    if (late === 0) return "level";
    const time = clock(Math.abs(late)) + (Math.abs(late) < 600 ? "\u00a0s" : "");
    return `${time}${far ? ` and ${Math.abs(far)}\u00a0m` : ""} ${late > 0 ? "behind" : "ahead"}`;
  }

  function enliven(figure) {
    const { time, runner, way, lights } = JSON.parse(figure.querySelector("script").textContent);
    const find = (selector) => figure.querySelector(selector);
    const slider = find(".at"), readout = find(".readout"), play = find(".play"), speed = find(".speed"), whom = find(".whom");
    const you = find(".runner"), other = find("circle.light"), lit = find(".lit");
    const tail = 4 * you.r.baseVal.value;
    const length = runner.metres.at(-1), finish = runner.times_s.at(-1);
    const steps = way.x.map((_, i) => length * i / (way.x.length - 1));
    let light, end, ticking = null;

    const point = (metres) => [along(steps, way.x, metres), along(steps, way.y, metres)];
    function put(dot, metres) {
      const [x, y] = point(metres);
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }

    function draw(seconds) {
      const own = along(runner.times_s, runner.metres, seconds), its = along(light.times_s, light.metres, seconds);
      put(you, own);
      put(other, its);
      lit.setAttribute("points", Array.from({ length: 7 }, (_, i) => point(Math.max(its - tail * i / 6, 0)).join()).join(" "));
      const late = Math.min(seconds, finish) - along(light.metres, light.times_s, own);
      const where = seconds >= finish ? `home in ${time}` : `${Math.floor(own)}\u00a0m`;
      readout.textContent = `${clock(Math.round(seconds * 10))} · you: ${where}, ${gap(late, its - own)}`;
      slider.setAttribute("aria-valuetext", readout.textContent);
    }

    function stop() {
      cancelAnimationFrame(ticking);
      ticking = null;
      play.textContent = "Play";
      readout.setAttribute("aria-live", "polite");
    }

    function start() {
      let now = slider.valueAsNumber >= end ? 0 : slider.valueAsNumber, before = null;
      play.textContent = "Pause";
      readout.setAttribute("aria-live", "off");
      const tick = (at) => {
        now = Math.min(now + (before === null ? 0 : (at - before) / 1000 * speed.value), end);
        before = at;
        slider.value = now < end ? now : slider.max;
        draw(now);
        if (now < end) ticking = requestAnimationFrame(tick); else stop();
      };
      ticking = requestAnimationFrame(tick);
    }

    function choose() {
      light = lights[whom.selectedIndex];
      end = Math.max(finish, light.times_s.at(-1));
      slider.max = Math.ceil(end * 10) / 10;
      draw(slider.valueAsNumber);
    }

    play.addEventListener("click", () => ticking === null ? start() : stop());
    slider.addEventListener("input", () => {
      stop();
      draw(slider.valueAsNumber);
    });
    whom.addEventListener("change", () => {
      stop();
      choose();
    });
    // On paper nothing moves: as the server draws it, the first of the two is home.
    addEventListener("beforeprint", () => draw(Math.min(finish, light.times_s.at(-1))));
    addEventListener("afterprint", () => draw(slider.valueAsNumber));
    find(".controls").hidden = false;
    choose();
  }

  for (const figure of document.querySelectorAll(".pace-light")) enliven(figure);
}
