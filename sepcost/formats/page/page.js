(() => {
  "use strict";

  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  /** The text of a header or a name, as a button. */
  function button(cell, pressed) {
    const made = element("button", { type: "button", onclick: pressed });
    made.append(...cell.childNodes);
    cell.append(made);
    return made;
  }

  /** The number in a cell; undefined where there is none. */
  function value(cell) {
    const text = cell?.dataset.value ?? cell?.textContent ?? "";
    return text === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
  }

  const isEmpty = (cell) => ["", "–"].includes(cell?.textContent ?? "");

  /** Numbers before texts. */
  function compare(one, other) {
    const [a, b] = [value(one), value(other)];
    if (a !== undefined && b !== undefined) return a - b;
    if (a !== undefined || b !== undefined) return a === undefined ? -1 : 1;
    return one.textContent.localeCompare(other.textContent, "en", { numeric: true });
  }

  /** The rows of a table, each with those that belong to it. */
  function read(body) {
    const rows = [];
    const open = [];
    for (const tr of body.rows) {
      const depth = Number(tr.dataset.depth ?? 0);
      while (open.length && open.at(-1).depth >= depth) open.pop();
      const row = { tr, depth, parent: open.at(-1), children: [], folded: false };
      row.parent?.children.push(row);
      rows.push(row);
      open.push(row);
    }
    return rows;
  }

  const family = (row) => [row, ...row.children.flatMap(family)];
  const isBlock = (row) => row.tr.classList.contains("block");

  function equip(table) {
    const body = table.tBodies[0];
    const rows = read(body);
    const tools = element("div", { className: "tools" });
    const query = element("input", { type: "search", placeholder: "Filter", value: "" });
    query.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
    const status = element("span");
    status.setAttribute("role", "status");
    const units = rows.filter((row) => !isBlock(row) && (!row.parent || isBlock(row.parent)));
    for (const unit of units) unit.text = family(unit).map((row) => row.tr.textContent).join(" ").toLowerCase();
    let sorted = false;

    function show() {
      const words = query.value.trim().toLowerCase();
      let many = 0;
      const seen = new Set();
      for (const unit of units) {
        const found = unit.text.includes(words) || (unit.parent?.tr.textContent.toLowerCase().includes(words) ?? false);
        many += found;
        if (found && unit.parent) seen.add(unit.parent);
        for (const row of family(unit)) row.tr.hidden = !found;
      }
      for (const row of rows) {
        if (isBlock(row)) row.tr.hidden = sorted || !seen.has(row);
        let folded = false;
        for (let up = row.parent; up; up = up.parent) folded ||= up.folded && !(sorted && isBlock(up)) && !words;
        row.tr.classList.toggle("folded", folded);
      }
      status.textContent = words ? `${many.toLocaleString("en")} of ${units.length.toLocaleString("en")}` : "";
    }

    const parents = rows.filter((row) => row.children.length);
    const fold = (row, folded) => {
      row.folded = folded;
      row.toggle.setAttribute("aria-expanded", String(!folded));
    };
    for (const row of parents) {
      row.toggle = button(row.tr.cells[0], () => { fold(row, !row.folded); show(); });
      fold(row, false);
    }

    function sort(header, number) {
      const orders = header.classList.contains("t") ? ["none", "ascending", "descending"] : ["none", "descending", "ascending"];
      const order = orders[(orders.indexOf(header.getAttribute("aria-sort")) + 1) % 3];
      for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", order);
      sorted = order !== "none";
      const sign = order === "ascending" ? 1 : -1;
      const ordered = [...units].sort((one, other) => {
        const [a, b] = [one.tr.cells[number], other.tr.cells[number]];
        return isEmpty(a) || isEmpty(b) ? isEmpty(a) - isEmpty(b) : sign * compare(a, b);
      });
      const shown = sorted ? [...rows.filter(isBlock), ...ordered.flatMap(family)] : rows;
      body.append(...shown.map((row) => row.tr));
      show();
    }

    if (table.hasAttribute("data-sorts")) {
      let number = 0;
      const below = table.tHead.rows[1] ? [...table.tHead.rows[1].cells] : [];
      for (const header of table.tHead.rows[0].cells) {
        const own = table.tHead.rows[1] && header.rowSpan === 1 ? below.splice(0, header.colSpan) : [header];
        for (const each of own) {
          const column = number++;
          each.setAttribute("aria-sort", "none");
          button(each, () => sort(each, column));
        }
      }
    }
    if (table.hasAttribute("data-filters")) {
      query.oninput = show;
      tools.append(query, status);
    }
    if (parents.length > 2) {
      const all = element("button", { type: "button", textContent: "Fold all" });
      all.onclick = () => {
        const folded = !parents.every((row) => row.folded);
        for (const row of parents) fold(row, folded);
        all.textContent = folded ? "Unfold all" : "Fold all";
        show();
      };
      tools.append(all);
    }
    if (tools.children.length) table.parentElement.before(tools);
  }

  /** The page's style has the colours of all but the marks. */
  const config = { background: "transparent", legend: { orient: "bottom", columns: 3 } };
  const adapted = (specification) => {
    const own = specification.config ?? {};
    return { ...specification, config: { ...own, ...config, legend: { ...own.legend, ...config.legend } } };
  };

  const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true } };

  const LEAST = 160; // narrower ones scroll

  /** Draw a chart in place of its picture, which stays where that fails; a single view is as wide as the page lets it. */
  async function draw(figure) {
    const specification = adapted(JSON.parse(document.getElementById(figure.dataset.chart).textContent));
    const place = figure.querySelector(".chart");
    const room = place.clientWidth;
    const isSingle = specification.mark || specification.layer;
    const picture = place.firstChild;
    const holder = element("div");
    place.append(holder);
    try {
      const { view } = await vegaEmbed(holder, isSingle ? { ...specification, width: room } : specification, options);
      for (let turn = 0; isSingle && turn < 2; turn++) { // what is beside the axes depends on their width, too
        const beyond = holder.querySelector("svg").getBoundingClientRect().width - room;
        await view.width(Math.max(LEAST, view.width() - beyond)).runAsync();
      }
      picture.remove();
    } catch (error) {
      holder.remove();
      console.error(error);
    }
  }

  document.querySelectorAll("table").forEach(equip);
  document.querySelectorAll("figure[data-chart]").forEach(draw);
})();
