// The tab Your data: sends a file, draws the table of its columns, and says what a person makes of them. Names and cells
// of the file are text everywhere, never HTML.
window.yourData = (() => {
  const LARGEST = 90000; // bytes of a map that a request can carry
  const make = (...all) => window.yourStudy.make(...all);
  let table = null; // {root, trigger, props}
  let rows = null; // what the server sent, and what has been changed of it
  let marks = []; // [column, text]: what the server said of a column since it was changed last

  // -- the file

  function pick(element, trigger) {
    const box = element.querySelector(".picker");
    const [file, map] = box.querySelectorAll("input");
    const bar = box.querySelector("progress"), says = box.querySelector("p");
    const say = (text) => { says.textContent = text; says.classList.toggle("bad", Boolean(text)); };
    file.addEventListener("change", async () => {
      const all = [...file.files];
      file.value = ""; // so that choosing it again sends it again
      const survey = all.find((one) => /\.qsf$/i.test(one.name)), chosen = all.find((one) => one !== survey);
      if (!chosen && !survey) return;
      trigger("input"); // what was said of a file before is not said of this one
      if (!chosen) { say("A .qsf holds no answers: choose it together with its export, such as a CSV."); return; }
      const most = Number(box.dataset.largest);
      for (const one of survey ? [chosen, survey] : [chosen]) {
        if (one.size > most) {
          say(`${one.name} has ${Math.ceil(one.size / 2 ** 20)} MB; the page takes up to ${most / 2 ** 20} MB. On the command line: python -m train.prepare --source FILE --propose-map map.yaml`);
          return;
        }
        if (!one.size) { say(`${one.name} is empty.`); return; }
      }
      say("");
      try {
        const word = await send(chosen, box.dataset.address, bar);
        if (survey) await send(survey, box.dataset.address, bar, word);
        trigger("upload", { word });
      } catch (problem) {
        say(problem.message);
      }
    });
    map.addEventListener("change", async () => {
      const chosen = map.files[0];
      map.value = "";
      if (!chosen) return;
      if (chosen.size > LARGEST) { say(`${chosen.name} is too long for the page; use it on the command line.`); return; }
      table?.trigger("upload", { yaml: await chosen.text() });
    });
  }

  // A record that was saved earlier, and people's answers to it.
  function record(element, trigger) {
    const box = element.querySelector(".picker");
    const [zip, answers, map, digest] = box.querySelectorAll("input");
    const bar = box.querySelector("progress"), says = box.querySelector("p[role=status]");
    const say = (text) => { says.textContent = text; says.classList.toggle("bad", Boolean(text)); };
    box.querySelector("button").addEventListener("click", async () => {
      const [first, second, third] = [zip.files[0], answers.files[0], map.files[0]];
      if (!first || !second) { say("Choose the record and people's answers."); return; }
      const most = Number(box.dataset.largest);
      for (const one of [first, second]) {
        if (one.size > most) { say(`${one.name} is larger than the ${most / 2 ** 20} MB that the page takes; use socrates record on the command line.`); return; }
        if (!one.size) { say(`${one.name} is empty.`); return; }
      }
      if (third?.size > LARGEST) { say(`${third.name} is too long for the page; use it on the command line.`); return; }
      say("");
      try {
        const words = [await send(first, box.dataset.address, bar), await send(second, box.dataset.address, bar)];
        trigger("upload", { record: words[0], answers: words[1], map: third ? await third.text() : "", digest: digest.value });
      } catch (problem) {
        say(problem.message);
      }
    });
  }

  // Sends a file, with progress; gives the secret word by which the server hands it to this page.
  function send(chosen, address, bar, belongs) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", new URL(address, location.href.split(/[?#]/)[0]));
      request.setRequestHeader("x-file-name", encodeURIComponent(chosen.name.toWellFormed?.() ?? chosen.name));
      if (belongs) request.setRequestHeader("x-belongs-to", belongs);
      request.upload.addEventListener("progress", (event) => { bar.value = event.loaded / event.total; });
      request.addEventListener("loadend", () => {
        bar.hidden = true;
        if (request.status === 200) resolve(JSON.parse(request.responseText).word);
        else reject(new Error(request.responseText.slice(0, 500) || "The file could not be sent. Try again."));
      });
      bar.hidden = false;
      bar.value = 0;
      request.send(chosen);
    });
  }

  // -- the table of columns

  function draw(element, trigger, props, watch) {
    const root = element.querySelector(".data-table");
    table = { root, trigger, props };
    const load = () => {
      rows = props.value ? JSON.parse(props.value) : null;
      redraw();
    };
    watch("value", load);
    load();
  }

  function redraw(focus = document.activeElement?.id) {
    if (!rows) { table.root.replaceChildren(); return; }
    const out = rows.columns.filter((one) => one.role === "left out");
    const opened = table.root.querySelector("details.left")?.open;
    table.root.replaceChildren(
      ...rows.columns.filter((one) => one.role !== "left out").map(card),
      out.length ? make("details", { class: "left", open: opened || out.length === rows.columns.length },
        make("summary", { text: out.length === 1 ? "1 column is left out" : `${out.length} columns are left out` }),
        ...out.map(card)) : "",
      make("fieldset", {}, make("legend", { text: "In every column" }),
        field(rows, "missing", "Codes for no answer, separated by commas", { id: "all", placeholder: "-99" })));
    put();
    if (focus) document.getElementById(focus)?.focus();
  }

  function changed() { marks = []; put(); table.trigger("input"); }

  // Messages about columns stand beside these too.
  function mark(told) {
    const parts = new DOMParser().parseFromString(told.join(""), "text/html").querySelectorAll("[data-columns]");
    marks = [...parts].flatMap((part) => JSON.parse(part.dataset.columns).map((column) => [column, part.textContent]));
    put();
    return [];
  }

  function put() {
    table?.root.querySelectorAll(".says .bad").forEach((one) => one.remove());
    for (const home of table?.root.querySelectorAll(".says[data-column]") ?? []) {
      home.append(...marks.filter(([column]) => column === home.dataset.column).map(([, text]) => make("li", { class: "bad", text })));
    }
  }

  function field(owner, key, name, options) {
    const id = `yd-${options.id}-${key}`;
    const control = make(options.choices ? "select" : options.rows ? "textarea" : "input", {
      id, rows: options.rows ?? null, placeholder: options.placeholder ?? null, autocomplete: "off",
    });
    for (const [value, text] of options.choices ?? []) control.append(make("option", { value, text }));
    control.value = owner[key];
    control.addEventListener("change", () => { owner[key] = control.value; options.then?.(); changed(); });
    control.addEventListener("input", () => { owner[key] = control.value; });
    return make("div", { class: `field${options.quiet ? " quiet-label" : ""}` }, make("label", { for: id, text: name }), control);
  }

  function card(one) {
    const id = String(one.i);
    const says = one.personal && one.role !== "left out" ? [one.personal, ...one.checks] : one.checks;
    const then = () => { one.checks = []; one.reason = "you say so"; window.yourStudy.settled(() => redraw()); };
    const shown = one.examples.length ? `Such as ${one.examples.join(" · ")}. ` : "";
    return make("fieldset", {},
      make("legend", { text: one.column }),
      field(one, "role", `What ${one.column} is`, { id, choices: rows.roles, then, quiet: true }),
      make("p", { class: "hint", text: `${shown}Why: ${one.reason}.` }),
      make("ul", { class: "says", "data-column": one.column }, ...says.map((text) => make("li", { class: "doubt", text: `Please check. ${text}` }))),
      ...details(one, id));
  }

  function details(one, id) {
    if (one.role === "outcome") return outcome(one, id);
    if (one.role === "attribute") {
      return [make("details", { class: "more" }, make("summary", { text: "Name, texts of its values, codes" }),
        field(one, "name", "Name (if another than the column's)", { id }),
        field(one, "texts", "Texts of its values, one a line", { id, rows: 2, placeholder: "1 = Male\n2 = Female" }),
        field(one, "missing", "Codes for not known, separated by commas", { id }))];
    }
    if (one.role === "condition") return condition(one, id);
    return [];
  }

  function outcome(one, id) {
    const kinds = one.kind === "kept" ? [...rows.kinds, ["kept", "As the file or the map says"]] : rows.kinds;
    const parts = [
      field(one, "question", "Question, as people read it", { id, rows: 2 }),
      field(one, "kind", "Answers", { id, choices: kinds, then: () => window.yourStudy.settled(() => redraw()) }),
    ];
    if (one.kind === "numbers") {
      parts.push(make("div", { class: "pair" }, field(one, "low", "From", { id }), field(one, "high", "To", { id })));
    }
    if (one.kind === "numbers" || one.kind === "nominal") {
      const most = one.labels.split("\n").length > 7 ? 8 : 3;
      parts.push(field(one, "labels", "Labels, one a line", { id, rows: most, placeholder: "1 = Not at all\n7 = Very much" }));
    }
    parts.push(make("details", { class: "more", open: Boolean(one.off || one.missing || one.name) },
      make("summary", { text: "Options off the axis, codes for no answer, name" }),
      one.kind === "open" ? null : field(one, "off", "Options off the axis, such as “don't know”, one a line", { id, rows: 1 }),
      field(one, "missing", "Codes for no answer in this column", { id, placeholder: "99" }),
      field(one, "name", "Name; columns of one name are one outcome", { id })));
    return parts;
  }

  function condition(one, id) {
    if (!one.values.length) return [];
    const arms = armsOf(one);
    const control = field(rows, "control", "Control", { id, choices: [["", "By its name, else the first in the table"], ...arms.map((arm) => [arm.value, arm.label || arm.value])] });
    return [control, ...arms.flatMap((arm, place) => [
      field(arm, "label", `Name of “${arm.value}”`, { id: `${id}-${place}`, placeholder: arm.value }),
      field(arm, "text", `What people in “${arm.label || arm.value}” read`, { id: `${id}-${place}`, rows: 2 }),
    ])];
  }

  // The arms of the column that is the condition now, with what has been written about them.
  function armsOf(one) {
    one.arms ??= one.values.map(([value, text]) => ({ value, label: rows.labels[value] ?? text, text: rows.texts[value] ?? "" }));
    return one.arms;
  }

  // What the columns are, for the server. Only those that are not left out are sent.
  function mapping() {
    if (!rows) return "";
    const keys = { outcome: ["name", "question", "kind", "low", "high", "labels", "off", "missing"], attribute: ["name", "missing"] };
    const columns = rows.columns.filter((one) => one.role !== "left out").map((one) => ({
      i: one.i, role: one.role, ...Object.fromEntries((keys[one.role] ?? []).map((key) => [key, one[key]])),
      ...(one.role === "attribute" ? { labels: one.texts } : {}),
    }));
    const chosen = rows.columns.find((one) => one.role === "condition");
    const arms = chosen ? armsOf(chosen) : [];
    const control = arms.some((arm) => arm.value === rows.control) ? rows.control : "";
    return JSON.stringify({ columns, arms, control, missing: rows.missing });
  }

  // -- the result

  function keep(element, trigger) {
    element.addEventListener("click", (event) => {
      const target = event.target.closest("button");
      if (target?.dataset.file) trigger("download", { file: target.dataset.file });
    });
  }

  function show() {
    document.querySelector("#data-verdict .verdict:not(.waiting)")?.scrollIntoView({ behavior: "smooth", block: "nearest" });
    return [];
  }

  return { pick, record, draw, mapping, mark, keep, show };
})();
