"use strict";
// Draws the steps into the rows that are in view, filters the rows, zooms. Writes words as text only: they may be hostile.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const NUMBERS = 6; // of a bar: kind, platform, text, stage, begin, length
  const GAP = 1;
  const [$, $$] = [(query, of = document) => of.querySelector(query), (query, of = document) => [...of.querySelectorAll(query)]];
  const data = JSON.parse($("#data").textContent);
  const rows = $$("tr.image");
  const whole = [0, Math.max(data.span, 1)];
  const tip = $("#tip");
  let view = whole;

  const bars = (numbers) =>
    Array.from({ length: numbers.length / NUMBERS }, (_, at) => {
      const [kind, platform, text, stage, began, length] = numbers.slice(at * NUMBERS, (at + 1) * NUMBERS);
      return { kind: data.kinds[kind], platform, text: data.texts[text], stage: data.texts[stage], began, length };
    });

  const duration = (ms) => {
    const [seconds, round] = [ms / 1000, Math.round(ms / 1000)];
    const two = (number) => String(number).padStart(2, "0");
    if (seconds < 9.95) return `${seconds.toFixed(seconds < 0.095 && seconds ? 2 : 1)} s`;
    if (round < 60) return `${round} s`;
    if (round < 3600) return `${Math.floor(round / 60)} min ${two(round % 60)} s`;
    return `${Math.floor(round / 3600)} h ${two(Math.floor((round % 3600) / 60))} min`;
  };

  const element = (name, words = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = words;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const shape = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const percent = (ms, [from, to]) => (100 * (ms - from)) / (to - from);

  /** A bar as a rectangle; nothing where it is out of the window. */
  const rectangle = (bar, window, place = {}) => {
    const [left, right] = [percent(bar.began, window), percent(bar.began + bar.length, window)];
    if (right < 0 || left > 100) return [];
    const x = Math.max(left, -1);
    const width = Math.max(Math.min(right, 101) - x, 0.08);
    return [shape("rect", { class: bar.kind, x: `${x}%`, width: `${width}%`, y: 0, height: "100%", ...place })];
  };

  // ---- rows, drawn while they are in view

  const parsed = new Map();
  const lane = (index) => {
    if (!parsed.has(index)) {
      const { coarse, steps } = data.rows[index];
      parsed.set(index, { coarse: bars(coarse), steps: bars(steps) });
    }
    return parsed.get(index);
  };

  const draw = (row) => {
    const index = rows.indexOf(row);
    const { coarse, steps } = lane(index);
    const used = [...new Set(steps.map((bar) => bar.platform).filter((platform) => platform >= 0))].sort((a, b) => a - b);
    const top = row.classList.contains("critical") ? 3 : 0; // the height of the mark
    const height = (30 - top) / Math.max(used.length, 1);
    const place = (bar, at) => {
      if (bar.platform < 0) return { y: top, height: 30 - top, "data-at": at };
      return { y: top + used.indexOf(bar.platform) * height + GAP, height: height - 2 * GAP, "data-at": at, ...shade(bar, at) };
    };
    const drawn = {}; // platform → how many of its steps
    const turns = steps.map(({ platform }) => (drawn[platform] = (drawn[platform] ?? 0) + 1));
    const shade = ({ kind }, at) => (turns[at] % 2 ? { class: `${kind} odd` } : {}); // tells a step from the next
    // what is for all platforms behind, what is short in front, failures on top
    const rank = ({ kind, platform }) => (kind === "error" ? 2 : platform < 0 ? 0 : 1);
    const order = steps.map((bar, at) => [bar, at]).sort(([a], [b]) => rank(a) - rank(b) || b.length - a.length);
    $("td.timeline svg", row).replaceChildren(
      ...coarse.flatMap((bar, at) =>
        rectangle(bar, view, { y: top + (bar.kind === "pause" ? 14 : 0), height: bar.kind === "pause" ? 1 : 30 - top, "data-at": -1 - at }),
      ),
      ...order.flatMap(([bar, at]) => rectangle(bar, view, place(bar, at))),
      ...(top ? coarse.flatMap((bar) => rectangle({ ...bar, kind: "path" }, view, { y: 0, height: 2 })) : []),
    );
    row.dataset.drawn = "";
  };

  const clear = (row) => {
    $("td.timeline svg", row).replaceChildren();
    delete row.dataset.drawn;
  };

  const inView = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        inView[isIntersecting ? "add" : "delete"](target);
        if (isIntersecting) draw(target);
        else if ("drawn" in target.dataset) clear(target);
      }
    },
    { rootMargin: "400px" },
  );

  // ---- the axis and the zoom

  const axis = $("#axis");
  const drawAxis = () => {
    const [from, to] = view;
    const room = Math.max(2, Math.floor(axis.clientWidth / 90));
    const units = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].map((s) => s * 1000));
    const unit = units.find((candidate) => (to - from) / candidate <= room) ?? 86400000;
    const marks = [];
    for (let at = Math.ceil(from / unit) * unit; at <= to; at += unit) {
      const x = percent(at, view);
      marks.push(shape("line", { x1: `${x}%`, x2: `${x}%`, y1: 15, y2: 20 }));
      const words = shape("text", { x: `${x}%`, y: 12, "text-anchor": x < 4 ? "start" : x > 95 ? "end" : "middle" });
      words.textContent = at === 0 ? "0" : duration(at).replace(/\.0 s$/, " s").replace(/ 00 (s|min)$/, "");
      marks.push(words);
    }
    axis.replaceChildren(...marks);
  };

  const zoom = (from, to) => {
    const length = Math.min(Math.max(to - from, 50), whole[1]);
    const begin = Math.min(Math.max(from, 0), whole[1] - length);
    view = [begin, begin + length];
    $("#whole").disabled = $("#farther").disabled = length >= whole[1];
    drawAxis();
    inView.forEach(draw);
  };
  const by = (factor) => () => {
    const [middle, half] = [(view[0] + view[1]) / 2, ((view[1] - view[0]) / 2) * factor];
    zoom(middle - half, middle + half);
  };
  $("#closer").addEventListener("click", by(0.5));
  $("#farther").addEventListener("click", by(2));
  $("#whole").addEventListener("click", () => zoom(...whole));

  axis.addEventListener("pointerdown", (down) => {
    const box = axis.getBoundingClientRect();
    const time = (event) => view[0] + (view[1] - view[0]) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const chosen = shape("rect", { class: "chosen", y: 0, height: "100%", width: 0 });
    const begin = time(down);
    const move = (event) => {
      const [from, to] = [begin, time(event)].sort((a, b) => a - b);
      chosen.setAttribute("x", `${percent(from, view)}%`);
      chosen.setAttribute("width", `${percent(to, view) - percent(from, view)}%`);
    };
    const up = (event) => {
      axis.removeEventListener("pointermove", move);
      const [from, to] = [begin, time(event)].sort((a, b) => a - b);
      if (percent(to, view) - percent(from, view) > 1) zoom(from, to);
      else chosen.remove();
    };
    axis.append(chosen);
    axis.setPointerCapture(down.pointerId);
    axis.addEventListener("pointermove", move);
    axis.addEventListener("pointerup", up, { once: true });
  });

  // ---- what a bar is: under the pointer, or by the arrow keys

  const describe = (bar) => {
    const where = [bar.stage, data.platforms[bar.platform], duration(bar.length), `from ${duration(bar.began)}`];
    if (bar.kind === "cached") where.splice(2, 1, "from cache");
    if (bar.kind === "error") where.push("failed");
    return [element("code", bar.text), element("span", where.filter(Boolean).join(" · "))];
  };

  const showTip = (bar, x, y) => {
    tip.replaceChildren(...describe(bar));
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + tip.offsetHeight + 24 > innerHeight ? y - tip.offsetHeight - 12 : y + 16}px`;
  };
  const hideTip = () => {
    tip.hidden = true;
    $$("rect.at").forEach((rect) => rect.classList.remove("at"));
  };
  const barOf = (rect) => {
    const { coarse, steps } = lane(rows.indexOf(rect.closest("tr.image")));
    const at = Number(rect.dataset.at);
    return at < 0 ? coarse[-1 - at] : steps[at];
  };
  document.addEventListener("pointermove", (event) => {
    const rect = event.target.closest?.("tr.image rect[data-at]");
    if (rect) showTip(barOf(rect), event.clientX, event.clientY);
    else if (!$("rect.at")) hideTip();
  });
  document.addEventListener("scroll", hideTip, { passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hideTip());

  const walk = (row, direction) => {
    const rects = $$("td.timeline rect[data-at]", row);
    const order = rects.filter((rect) => Number(rect.dataset.at) >= 0).sort((a, b) => barOf(a).began - barOf(b).began || a.dataset.at - b.dataset.at);
    const stops = order.length ? order : rects;
    if (!stops.length) return;
    const now = stops.findIndex((rect) => rect.classList.contains("at"));
    hideTip();
    const next = stops[now < 0 ? (direction > 0 ? 0 : stops.length - 1) : Math.min(Math.max(now + direction, 0), stops.length - 1)];
    next.classList.add("at");
    const box = next.getBoundingClientRect();
    showTip(barOf(next), box.left, box.bottom - 8);
  };

  // ---- an image's steps, as a table

  const table = (index) => {
    const { coarse, steps } = lane(index);
    const all = [...coarse.filter((bar) => bar.kind !== "attempt"), ...steps].sort((a, b) => a.began - b.began);
    const own = [Math.min(...all.map((bar) => bar.began)), Math.max(...all.map((bar) => bar.began + bar.length)) + 1];
    const made = element("table");
    const head = made.createTHead().insertRow();
    for (const [words, kind] of [["step", "what"], ["stage", "where"], ["platform", "where"], ["time", "took"], ["", ""]]) {
      head.append(element("th", words, { scope: "col", class: kind }));
    }
    const body = made.createTBody();
    for (const bar of all) {
      const line = body.insertRow();
      const took = bar.kind === "cached" ? "cached" : duration(bar.length);
      line.append(
        element("th", bar.text, { scope: "row", class: bar.kind === "error" ? "what failed" : "what" }),
        element("td", bar.stage, { class: "where" }),
        element("td", data.platforms[bar.platform] ?? "", { class: "where" }),
        element("td", took, { class: "took" }),
        element("td"),
      );
      const drawn = shape("svg", { "aria-hidden": "true" });
      drawn.append(...rectangle(bar, own));
      line.lastChild.append(drawn);
    }
    return made;
  };

  const toggle = (row) => {
    const index = rows.indexOf(row);
    const button = $("button", row);
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    hideTip();
    if (open) return row.nextElementSibling.remove();
    const facts = element("dl");
    for (const [name, value] of data.rows[index].facts) facts.append(element("dt", name), element("dd", value));
    const cell = element("td", "", { colspan: row.cells.length });
    cell.append(facts, data.rows[index].steps.length ? table(index) : element("p", "No steps: it was not built in this run.", { class: "quiet" }));
    const below = element("tr", "", { class: "steps", id: `steps-${index}` });
    below.append(cell);
    return row.after(below);
  };

  const neighbour = (row, direction) => {
    const shown = rows.filter((each) => !each.hidden);
    return shown[shown.indexOf(row) + direction];
  };

  $("tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr.image");
    if (row && (event.target.closest("button") || event.target.closest("svg"))) toggle(row);
  });
  $("tbody").addEventListener("keydown", (event) => {
    const row = event.target.closest("tr.image");
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!row || (!move && !step)) return;
    event.preventDefault();
    if (step) walk(row, step);
    else if (neighbour(row, move)) $("button", neighbour(row, move)).focus();
  });
  $("tbody").addEventListener("focusout", hideTip);

  // ---- the filter

  const words = rows.map((row) => row.textContent.toLowerCase());
  const [text, phase, shown] = [$("#text"), $("#phase"), $("#shown")];
  const filter = () => {
    const wanted = new Set($$("[name=outcome]:checked").map((box) => box.value));
    const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      const fits =
        asked.every((word) => words[index].includes(word)) &&
        (!phase?.value || row.dataset.phase === phase.value) &&
        (!wanted.size || row.dataset.outcomes.split(" ").some((outcome) => wanted.has(outcome)));
      row.hidden = !fits;
      if (row.nextElementSibling?.className === "steps") row.nextElementSibling.hidden = !fits;
      count += fits;
    });
    shown.value = `${count} of ${rows.length}`;
    $(".none").hidden = count > 0;
  };
  const everything = () => {
    $(".tools").reset();
    filter();
  };
  $(".tools").addEventListener("input", filter);
  $(".tools").addEventListener("submit", (event) => event.preventDefault());
  $("#reset").addEventListener("click", everything);
  document.addEventListener("click", (event) => {
    const target = event.target.closest('a[href^="#image-"]');
    if (target && $(target.getAttribute("href")).hidden) everything();
  });

  for (const part of $$(".tools, .keys")) part.hidden = false;
  for (const button of $$("tr.image button")) button.disabled = false;
  filter();
  zoom(...whole);
  rows.forEach((row) => watch.observe(row));
  addEventListener("resize", drawAxis);
  addEventListener("beforeprint", () => {
    zoom(...whole);
    rows.filter((row) => !row.hidden).forEach(draw);
  });
  document.documentElement.dataset.ready = "";
})();
