
  // -- tables: sorted by a column, filtered by words

  const compare = (one, other) => {
    const [a, b] = [Number(one), Number(other)];
    return one !== "" && other !== "" && !Number.isNaN(a) && !Number.isNaN(b) ? a - b : one.localeCompare(other);
  };
  const turned = head => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const cell of head.parentElement.cells) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    return down ? -1 : 1;
  };
  for (const table of all("table.sortable")) {
    for (const button of all("th button", table)) button.addEventListener("click", () => {
      const head = button.parentElement, way = turned(head), column = head.cellIndex;
      const value = row => row.cells[column].dataset.v || "";
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => way * compare(value(a), value(b))));
    });
    const input = $(".filters input", table.closest("section"));
    if (!input || input.id) continue;
    input.parentElement.hidden = false;
    const rows = [...table.tBodies[0].rows], texts = rows.map(row => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, number) => { row.hidden = !words.every(word => texts[number].includes(word)); });
    });
  }

  // -- the jobs, drawn from data, some at a time

  const data = JSON.parse($("#data").textContent), text = number => data.texts[number];
  const [JOB, VERDICT, TIME, HOST, WHAT, CAUSE, OPEN, WHERE, WHY, PLACE, LINE, SUMMARY, PASTE, STEPS, CHECK] = Array(15).keys();
  const SHOWN = 50, COLUMNS = [JOB, TIME, HOST, WHAT];
  const list = $(".list"), body = $("tbody", list), more = $("#more"), query = $("#query"), chosen = $("#chosen");
  const TONES = { "root-cause": "root-cause", "unknown-failure": "contributing", "consequence-only": "consequence", healthy: "healthy" };
  const words = data.jobs.map(job => [JOB, TIME, HOST, WHAT, WHERE, LINE].map(part => text(job[part])).join(" ").toLowerCase());
  let key = "all", order = null, shown = SHOWN, found = [];

  const make = (name, content, attributes = {}) => {
    const node = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
    node.append(...[content].flat());
    return node;
  };
  const box = content => {
    const button = make("button", "Copy", { type: "button", class: "copy" });
    const node = make("div", [make("pre", content), button], { class: "box" });
    offer(button);
    return node;
  };
  const said = job => {
    const parts = [];
    if (job[WHY]) parts.push(make("p", text(job[WHY])));
    if (job[LINE]) parts.push(make("pre", [make("b", text(job[PLACE])), text(job[LINE])], { class: "shows" }));
    const fix = [];
    if (job[SUMMARY]) fix.push(make("p", text(job[SUMMARY]), { class: "summary" }));
    for (const [title, content] of job[PASTE]) {
      if (title) fix.push(make("p", text(title), { class: "for" }));
      fix.push(box(text(content)));
    }
    if (job[STEPS].length) fix.push(make("ul", job[STEPS].map(step => make("li", text(step)))));
    if (job[CHECK]) fix.push(make("p", "Check", { class: "for" }), box(text(job[CHECK])));
    if (fix.length) parts.push(make("div", [make("h3", "Fix"), ...fix], { class: "card fix" }));
    if (job[WHERE]) parts.push(make("p", text(job[WHERE]), { class: "soft" }));
    if (job[WHY]) parts.push(box(data.command + quoted(text(job[JOB]))));
    return make("tr", make("td", make("div", parts, { class: "body" }), { colspan: "4" }), { class: "said" });
  };
  const quoted = name => /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  const row = job => {
    const button = make("button", text(job[JOB]), { type: "button", "aria-expanded": "false" });
    const mark = make("i", [], { class: `tone-${TONES[text(job[VERDICT])] || "contributing"}` });
    const node = make("tr", [
      make("td", button), make("td", text(job[TIME]), { class: "number" }), make("td", text(job[HOST])),
      make("td", [mark, text(job[WHAT])]),
    ], { class: "job" });
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) node.nextElementSibling.remove(); else node.after(said(job));
    });
    return node;
  };

  const belongs = () => {
    const [kind, ...rest] = key.split(":"), value = rest.join(":");
    if (data.groups[key]) {
      const places = new Set(data.groups[key]);
      return (job, place) => places.has(place);
    }
    const isOpen = verdict => verdict === "unknown-failure" || verdict === "consequence-only";
    return {
      all: () => true,
      failed: job => isOpen(text(job[VERDICT])) || text(job[VERDICT]) === "root-cause",
      unexplained: job => isOpen(text(job[VERDICT])),
      new: job => text(job[VERDICT]) === "root-cause" && data.new.includes(text(job[CAUSE])),
      cause: job => text(job[VERDICT]) === "root-cause" && text(job[CAUSE]) === value,
      open: job => text(job[OPEN]) === value,
      job: job => text(job[JOB]) === value,
    }[kind] || (() => false);
  };
  const named = () => {
    const [kind, ...rest] = key.split(":"), value = rest.join(":");
    return data.names[key] || {
      failed: "failed", unexplained: "unexplained", new: "of a new cause", cause: data.titles[value] || value,
      host: `first to fail: ${rest.slice(1).join(":")}`, open: rest.slice(2).join(":"), job: value,
    }[kind] || "";
  };
  const draw = () => {
    body.replaceChildren(...found.slice(0, shown).map(place => row(data.jobs[place])));
    more.hidden = found.length <= shown;
    if (found.length === 1) $("button", body).click();
  };
  const filter = () => {
    const wanted = query.value.toLowerCase().split(/\s+/).filter(Boolean), fits = belongs();
    found = [...data.jobs.keys()].filter(place => fits(data.jobs[place], place) && wanted.every(word => words[place].includes(word)));
    if (order) found.sort((a, b) => order.way * compare(text(data.jobs[a][order.part]), text(data.jobs[b][order.part])));
    shown = SHOWN;
    chosen.hidden = key === "all";
    chosen.textContent = named();
    $("output", list).value = `${found.length.toLocaleString("en")} of ${data.jobs.length.toLocaleString("en")} jobs`;
    draw();
  };
  list.hidden = false;
  query.addEventListener("input", filter);
  chosen.addEventListener("click", () => { key = "all"; filter(); });
  more.addEventListener("click", () => { shown += 4 * SHOWN; draw(); });
  for (const button of all("[data-sort]", list)) button.addEventListener("click", () => {
    order = { part: COLUMNS[button.dataset.sort], way: turned(button.parentElement) };
    filter();
  });
  document.addEventListener("click", event => {
    const link = event.target.closest("[data-show]");
    if (!link) return;
    event.preventDefault();
    key = link.dataset.show;
    query.value = "";
    filter();
    $("#jobs").scrollIntoView();
    $("#chosen").focus({ preventScroll: true });
  });
  filter();
