"use strict";
(() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  /** Pixels of the screen within which a mark is found. */
  const REACH = 14;
  /** Rows of the table at first, and with each press of "Show more". */
  const ROWS = 100;
  const FIRST_PARAMETER = 6;
  const tip = document.getElementById("tip");
  const panel = document.getElementById("selection");
  let studies = [];

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function shown(value) {
    return value === null || value === undefined ? "–" : String(value);
  }

  // ---- marks: parsed from the paths when they are first needed ----

  function parseMark(text, trial) {
    const points = text.split("L").map((point) => {
      const [x, y] = point.split(" ");
      return [parseFloat(x), parseFloat(y)];
    });
    return { trial, text: "M" + text, points };
  }

  class Plot {
    constructor(svg) {
      this.svg = svg;
      this.overlays = {};
    }

    get groups() {
      this.parsed ??= [...this.svg.querySelectorAll("path.marks[data-trials]")].map((path) => {
        const trials = path.dataset.trials.split(" ").map(Number);
        const texts = path.getAttribute("d").split("M").slice(1);
        const marks = texts.map((text, at) => parseMark(text, trials[at]));
        return { marks, isDot: path.classList.contains("dot"), className: path.getAttribute("class"), style: path.getAttribute("style") };
      });
      return this.parsed;
    }

    /** The trial of the nearest mark to a point of the screen. */
    nearest(clientX, clientY) {
      const matrix = this.svg.getScreenCTM();
      if (!matrix) return null;
      const at = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
      let best = (REACH / matrix.a) ** 2;
      let found = null;
      for (const group of this.groups) {
        for (const mark of group.marks) {
          const distance = distanceTo(mark.points, at.x, at.y);
          if (distance < best || (distance === best && found === null)) [best, found] = [distance, mark.trial];
        }
      }
      return found;
    }

    /** Draws the marks of `trials` (a set, or null for none) again, above the others. */
    overlay(kind, trials) {
      (this.overlays[kind] ?? []).forEach((path) => path.remove());
      this.overlays[kind] = [];
      if (!trials || trials.size === 0) return;
      for (const group of this.groups) {
        const marks = group.marks.filter((mark) => trials.has(mark.trial));
        if (marks.length === 0) continue;
        const path = document.createElementNS(NAMESPACE, "path");
        path.setAttribute("class", group.className.replace("marks", "overlay") + " " + kind);
        if (group.style) path.setAttribute("style", group.style);
        path.setAttribute("d", marks.map((mark) => mark.text).join(""));
        this.svg.append(path);
        this.overlays[kind].push(path);
      }
    }

    keep(trials) {
      this.svg.classList.toggle("filtered", trials !== null);
      this.overlay("kept", trials);
    }
  }

  /** The square of the distance of a point to a line through `points`. */
  function distanceTo(points, x, y) {
    let best = Infinity;
    for (let i = 0; i < points.length; i++) {
      const [ax, ay] = points[Math.max(i - 1, 0)];
      const [bx, by] = points[i];
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const t = length > 0 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
      best = Math.min(best, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2);
    }
    return best;
  }

  // ---- brushes: ranges along the axes of parallel coordinates ----

  class Brushes {
    constructor(plot, changed) {
      this.plot = plot;
      this.ranges = new Map();
      for (const rect of plot.svg.querySelectorAll("rect.brush")) this.listen(rect, changed);
    }

    listen(rect, changed) {
      const axis = Number(rect.dataset.axis);
      const y = (event) => {
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.plot.svg.getScreenCTM().inverse()).y;
        return Math.min(Math.max(at, -20), Number(rect.getAttribute("height")) + 20);
      };
      rect.addEventListener("pointerdown", (down) => {
        const from = y(down);
        rect.setPointerCapture(down.pointerId);
        const move = (event) => this.draw(rect, axis, from, y(event));
        const up = (event) => {
          rect.removeEventListener("pointermove", move);
          this.set(rect, axis, from, y(event));
          changed();
        };
        rect.addEventListener("pointermove", move);
        rect.addEventListener("pointerup", up, { once: true });
        down.preventDefault();
      });
    }

    draw(rect, axis, from, to) {
      const range = this.plot.svg.querySelector(`.range[data-axis="${axis}"]`) ?? document.createElementNS(NAMESPACE, "rect");
      range.setAttribute("class", "range");
      range.dataset.axis = axis;
      range.setAttribute("x", Number(rect.getAttribute("x")) + 4);
      range.setAttribute("width", 16);
      range.setAttribute("y", Math.min(from, to));
      range.setAttribute("height", Math.abs(to - from));
      this.plot.svg.append(range);
    }

    /** A range shorter than a click clears the axis. */
    set(rect, axis, from, to) {
      if (Math.abs(to - from) >= 4) {
        this.ranges.set(axis, [Math.min(from, to), Math.max(from, to)]);
        return;
      }
      this.ranges.delete(axis);
      this.plot.svg.querySelector(`.range[data-axis="${axis}"]`)?.remove();
    }

    /** The trials in all ranges; null without ranges. */
    trials() {
      if (this.ranges.size === 0) return null;
      const isInside = (mark) => [...this.ranges].every(([axis, [low, high]]) => {
        const point = mark.points[axis];
        return point && point[1] >= low && point[1] <= high;
      });
      return new Set(this.plot.groups.flatMap((group) => group.marks.filter(isInside).map((mark) => mark.trial)));
    }
  }

  // ---- the filter of the table ----

  const OPERATORS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };

  /** A predicate of rows for one word: `name<number`, `name=text`, `name!=text`, or text in any cell; null if there is no such name. */
  function condition(word, columns) {
    const parts = word.match(/^(.+?)(<=|>=|!=|<|>|=)(.+)$/);
    if (!parts) return (row) => row.some((cell) => shown(cell).toLowerCase().includes(word.toLowerCase()));
    const [, name, operator, text] = parts;
    const column = columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
    if (column < 0) return null;
    const isEqual = (cell) => shown(cell).toLowerCase() === text.toLowerCase() || (cell !== null && Number(cell) === Number(text));
    if (operator === "=") return (row) => isEqual(row[column]);
    if (operator === "!=") return (row) => !isEqual(row[column]);
    return (row) => row[column] !== null && OPERATORS[operator](Number(row[column]), Number(text));
  }

  class Table {
    constructor(root, data, kept, study) {
      Object.assign(this, { data, kept, study, sort: null, limit: ROWS });
      this.table = root.querySelector("table.trials");
      this.input = root.querySelector(".filter input");
      this.count = root.querySelector(".filter .count");
      this.more = root.querySelector("button.more");
      if (!this.table) return;
      this.head();
      this.input.addEventListener("input", () => this.kept());
      this.more.addEventListener("click", () => { this.limit *= 5; this.draw(this.rows); });
    }

    head() {
      const row = element("tr");
      this.data.columns.forEach((column, at) => {
        const cell = element("th", undefined, column.numeric ? "number" : "");
        const button = element("button", column.name);
        button.type = "button";
        button.addEventListener("click", () => this.sortBy(at));
        cell.append(button);
        row.append(cell);
      });
      this.table.tHead.append(row);
    }

    sortBy(column) {
      const descends = this.sort?.column === column && !this.sort.descends;
      this.sort = { column, descends };
      this.draw(this.rows);
    }

    /** The trials that match the filter; null if it is empty. */
    matching() {
      if (!this.input) return null;
      const words = this.input.value.split(/\s+/).filter((word) => word);
      const conditions = words.map((word) => condition(word, this.data.columns));
      const isValid = conditions.every((matches) => matches);
      this.input.classList.toggle("invalid", !isValid);
      if (words.length === 0 || !isValid) return null;
      const rows = this.data.rows.filter((row) => conditions.every((matches) => matches(row)));
      return new Set(rows.map((row) => row[0]));
    }

    sorted(rows) {
      if (!this.sort) return rows;
      const { column, descends } = this.sort;
      const order = (a, b) => {
        const [x, y] = [a[column], b[column]];
        // Cells without a value are last in either order.
        if (x === null || y === null) return (x === null) - (y === null);
        const both = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        return descends ? -both : both;
      };
      return [...rows].sort(order);
    }

    draw(rows) {
      if (!this.table) return;
      this.rows = rows;
      [...this.table.tHead.rows[0].cells].forEach((cell, at) => {
        const isSorted = this.sort?.column === at;
        if (isSorted) cell.setAttribute("aria-sort", this.sort.descends ? "descending" : "ascending");
        else cell.removeAttribute("aria-sort");
      });
      const body = document.createDocumentFragment();
      for (const values of this.sorted(rows).slice(0, this.limit)) body.append(this.row(values));
      this.table.tBodies[0].replaceChildren(body);
      this.more.hidden = rows.length <= this.limit;
      const all = this.data.rows.length;
      this.count.textContent = rows.length === all ? `${all} trials` : `${rows.length} of ${all} trials`;
    }

    row(values) {
      const row = element("tr");
      row.dataset.trial = values[0];
      row.classList.toggle("selected", values[0] === this.study.selected);
      values.forEach((value, at) => row.append(element("td", shown(value), this.data.columns[at].numeric ? "number" : "")));
      row.addEventListener("click", () => this.study.select(values[0]));
      return row;
    }

    select(trial) {
      if (!this.table) return;
      for (const row of this.table.tBodies[0].rows) row.classList.toggle("selected", Number(row.dataset.trial) === trial);
    }
  }

  // ---- a study: its plots and its table ----

  class Study {
    constructor(root) {
      this.root = root;
      this.prefix = root.dataset.prefix;
      this.data = JSON.parse(root.querySelector("script.data").textContent);
      this.byTrial = new Map(this.data.rows.map((row) => [row[0], row]));
      this.selected = null;
      this.plots = [...root.querySelectorAll(".figure svg.plot")].map((svg) => new Plot(svg));
      this.table = new Table(root, this.data, () => this.filter(), this);
      this.plots.forEach((plot) => this.listen(plot));
      this.brushes = this.plots.map((plot) => new Brushes(plot, () => this.filter()));
      this.filter();
    }

    listen(plot) {
      let frame = 0;
      plot.svg.addEventListener("pointermove", (event) => {
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => this.hover(plot.nearest(event.clientX, event.clientY), event));
      });
      plot.svg.addEventListener("pointerleave", () => {
        cancelAnimationFrame(frame);
        this.hover(null);
      });
      plot.svg.addEventListener("click", (event) => {
        if (event.target.classList.contains("brush")) return;
        const trial = plot.nearest(event.clientX, event.clientY);
        this.select(trial === this.selected ? null : trial);
      });
    }

    hover(trial, event) {
      if (trial !== this.hovered) {
        this.hovered = trial;
        const trials = trial === null ? null : new Set([trial]);
        this.plots.forEach((plot) => plot.overlay("hovered", trials));
        if (trial !== null) tip.replaceChildren(...this.describe(trial));
      }
      tip.hidden = trial === null;
      if (trial === null) return;
      const { offsetWidth: width, offsetHeight: height } = tip;
      tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4))}px`;
      tip.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
    }

    /** Text about a trial: the columns of the table with their names. */
    describe(trial) {
      const row = this.byTrial.get(trial);
      const parts = [element("b", `trial ${trial}`), " "];
      if (!row) return parts;
      row.forEach((value, at) => {
        const isOther = at === 0 || value === null || (at < FIRST_PARAMETER && at === 1);
        if (isOther) return;
        const part = element("span");
        part.append(element("i", this.data.columns[at].name), shown(value));
        parts.push(part, " ");
      });
      return parts;
    }

    select(trial) {
      if (trial !== null) studies.filter((other) => other !== this && other.selected !== null).forEach((other) => other.mark(null));
      this.mark(trial);
      panel.hidden = trial === null;
      panel.querySelector("div").replaceChildren(...(trial === null ? [] : this.describe(trial)));
      const hash = trial === null ? location.pathname + location.search : `#${this.prefix}trial-${trial}`;
      if (location.hash !== hash) history.replaceState(null, "", hash);
    }

    mark(trial) {
      this.selected = trial;
      const trials = trial === null ? null : new Set([trial]);
      this.plots.forEach((plot) => plot.overlay("selected", trials));
      this.table.select(trial);
    }

    /** Shows only the trials that match the filter and all brushes. */
    filter() {
      const sets = [this.table.matching(), ...(this.brushes ?? []).map((brushes) => brushes.trials())].filter((set) => set);
      const kept = sets.length === 0 ? null : new Set([...sets[0]].filter((trial) => sets.every((set) => set.has(trial))));
      this.plots.forEach((plot) => plot.keep(kept));
      this.table.draw(kept === null ? this.data.rows : this.data.rows.filter((row) => kept.has(row[0])));
      if (this.selected !== null) this.mark(this.selected);
    }
  }

  // ---- the page ----

  function selectFromHash() {
    const parts = location.hash.match(/^#(.*?)trial-(\d+)$/);
    const study = parts && studies.find((study) => study.prefix === parts[1]);
    const trial = Number(parts?.[2]);
    if (study?.byTrial.has(trial)) study.select(trial);
  }

  function start() {
    studies = [...document.querySelectorAll("article.study")].map((root) => new Study(root));
    for (const button of document.querySelectorAll("button.copy")) {
      button.addEventListener("click", () => copy(button));
    }
    selectFromHash();
  }

  function copy(button) {
    const line = button.parentElement.nextElementSibling;
    getSelection().selectAllChildren(line);
    const done = () => { button.textContent = "Copied"; };
    if (navigator.clipboard) navigator.clipboard.writeText(line.textContent).then(done, () => {});
    else if (document.execCommand("copy")) done();
  }

  /** Replaces the content by a new version of the page, and keeps filter, order, selection and place. */
  async function refresh() {
    const response = await fetch(location.pathname + location.search);
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const before = studies.map((study) => ({ text: study.table.input?.value, sort: study.table.sort, limit: study.table.limit }));
    const top = scrollY;
    document.getElementById("content").replaceWith(page.getElementById("content"));
    tip.hidden = true;
    start();
    studies.forEach((study, at) => {
      const { text, sort, limit } = before[at] ?? {};
      Object.assign(study.table, { sort: sort ?? null, limit: limit ?? ROWS });
      if (text && study.table.input) study.table.input.value = text;
      study.filter();
    });
    scrollTo(0, top);
  }

  function follow() {
    const events = new EventSource("events" + location.search);
    let isBusy = false;
    let isStale = false;
    const update = async () => {
      isStale = true;
      if (isBusy || document.hidden) return;
      isBusy = true;
      while (isStale) {
        isStale = false;
        await refresh().catch(() => {});
      }
      isBusy = false;
    };
    events.addEventListener("changed", update);
    document.addEventListener("visibilitychange", () => { if (isStale) update(); });
  }

  panel.querySelector("button").addEventListener("click", () => studies.forEach((study) => study.selected !== null && study.select(null)));
  addEventListener("hashchange", selectFromHash);
  start();
  if (document.documentElement.dataset.live !== undefined) follow();
})();
