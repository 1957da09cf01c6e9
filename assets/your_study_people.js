// Who takes part, in the editor of the tab Your study: fields of personas and of shares. Text is never inserted as HTML.
window.yourStudyPeople = (() => {
  const SLIDE = 60; // milliseconds between two looks at a slider that is being moved
  const LARGEST_FILE = 80000; // bytes, as of a whole study on the page
  let live = null; // {outcome, bars: [name, …], arms: [{label, mean, effect, shares: [percent, …]}, …]}
  let levels = null; // of those who are weighted: {of, people, attributes: {name: [[value, percent], …]}}

  const words = (name) => name.replaceAll("_", " ");
  const number = (text) => Number(String(text).replace("%", "").replace(",", "."));
  const tenths = (value) => String(Math.round(10 * value) / 10);

  // The other shares keep their proportions; the largest takes up what rounding leaves, so that all add up to 100.
  function move(shares, place, value) {
    const others = shares.map((_, i) => i).filter((i) => i !== place);
    const rest = others.reduce((sum, i) => sum + (number(shares[i][1]) || 0), 0);
    const left = Math.max(0, 100 - value);
    others.forEach((i) => { shares[i][1] = tenths(rest > 0 ? (number(shares[i][1]) || 0) / rest * left : left / others.length); });
    shares[place][1] = tenths(others.length ? value : 100);
    if (!others.length) return;
    const gap = 100 - shares.reduce((sum, one) => sum + number(one[1]), 0);
    const largest = others.reduce((best, i) => (number(shares[i][1]) > number(shares[best][1]) ? i : best), others[0]);
    shares[largest][1] = tenths(number(shares[largest][1]) + gap);
  }

  function total(shares) {
    const sum = shares.reduce((all, one) => all + number(one[1]), 0);
    if (Number.isNaN(sum)) return "One of them is not a percentage.";
    const gap = Math.round(10 * (100 - sum)) / 10;
    if (gap === 0) return "Together 100 %.";
    return `Together ${tenths(sum)} %: ${Math.abs(gap)} % ${gap > 0 ? "missing" : "too much"}.`;
  }

  // Sliders keep the sum at 100 %; a typed number changes nothing else, and the line below says what is missing.
  function sharesOf(one, place, who, { make, button, redraw, changed }) {
    const sum = make("p", { class: "total", text: total(one.shares), "aria-live": "polite" });
    const fields = [];
    const show = (except) => {
      fields.forEach(([range, typed], i) => {
        if (range !== except) range.value = number(one.shares[i][1]) || 0;
        if (typed !== except) typed.value = one.shares[i][1];
      });
      sum.textContent = total(one.shares);
    };
    const rows = one.shares.map(([value, share], i) => {
      const id = `ys-share-${place}-${i}`;
      const range = make("input", { type: "range", min: 0, max: 100, step: 0.5, "aria-label": `${words(one.attribute)} ${value}, slider` });
      const typed = make("input", { type: "text", inputmode: "decimal", id, autocomplete: "off" });
      range.value = number(share) || 0;
      typed.value = share;
      range.addEventListener("input", () => { move(one.shares, i, Number(range.value)); show(range); changed(false, SLIDE); });
      range.addEventListener("change", () => changed(true));
      typed.addEventListener("input", () => { one.shares[i][1] = typed.value; show(typed); changed(); });
      typed.addEventListener("change", () => changed(true));
      fields.push([range, typed]);
      return make("div", { class: "share" }, make("label", { for: id, text: value }),
        make("span", { class: "percent" }, typed, make("span", { text: " %" })), range);
    });
    const drop = () => { who.margins.splice(who.margins.indexOf(one), 1); redraw("#ys-share-add"); };
    return make("fieldset", { class: "margin" }, make("legend", { text: words(one.attribute) }), ...rows, sum,
      make("ul", { class: "says", "data-place": `population.margins.${one.attribute}` }),
      make("div", { class: "acts" }, button("Remove", drop, { "aria-label": `Remove the shares of ${words(one.attribute)}` })));
  }

  // The prediction in small, so that what a slider does is seen beside it.
  function small({ make }) {
    if (!live) return [];
    const most = Math.max(...live.arms.flatMap((arm) => arm.shares), 1);
    const rows = live.arms.map((arm) => make("div", { class: "small-arm" },
      make("span", { class: "name", text: arm.label }),
      make("span", { class: "bars", role: "img", "aria-label": live.bars.map((name, i) => `${name}: ${arm.shares[i]} %`).join(", ") },
        ...arm.shares.map((share, i) => make("i", { style: `height: ${Math.max(2, 100 * share / most)}%`, title: `${live.bars[i]}: ${share} %` }))),
      make("span", { class: "number", text: arm.mean }),
      make("span", { class: "number", text: arm.effect })));
    const head = live.arms[0].mean ? `Predicted ${live.outcome}: answers, mean, effect in % of the scale` : `Predicted ${live.outcome}`;
    return [make("p", { class: "total", text: head }), ...rows];
  }

  // The latest prediction in small, empty where it does not belong to these shares.
  function show(text, tools) {
    live = text ? JSON.parse(text) : null;
    document.querySelector("#ys-live")?.replaceChildren(...small(tools));
  }

  function margins(who, tools) {
    const { make, field, redraw } = tools;
    const known = levels?.of === who.of ? levels.attributes : {};
    const left = Object.keys(known).filter((name) => !who.margins.some((one) => one.attribute === name));
    const add = make("select", { id: "ys-share-add", "aria-label": "Give shares to an attribute" },
      make("option", { value: "", text: left.length ? "Give shares to an attribute …" : "No other attribute" }),
      ...left.map((name) => make("option", { value: name, text: words(name) })));
    add.addEventListener("change", () => {
      if (!add.value) return;
      who.margins.push({ attribute: add.value, shares: structuredClone(known[add.value]) });
      redraw(`#ys-share-${who.margins.length - 1}-0`);
    });
    const changeBase = () => { who.margins = []; redraw("#ys-population-of"); };
    return [
      make("div", { class: "weighted" },
        field(who, "of", "Who is weighted", { place: "population", choices: tools.menus.bases, then: changeBase, hint: tools.menus.counts[who.of] }),
        ...who.margins.map((one, place) => sharesOf(one, place, who, tools)),
        make("div", { id: "ys-live", "aria-live": "polite" }, ...small(tools)),
        make("ul", { class: "says", "data-place": "population.margins" }),
        add,
        make("details", { class: "more", open: Boolean(who.tables) },
          make("summary", { text: "Shares of several attributes at once" }),
          field(who, "tables", "A table: a column an attribute, one called share; an empty line before the next", {
            place: "population", rows: 4, placeholder: "gender,age_group,share\nFemale,18-34,15\nMale,18-34,15",
            hint: "Shares add up to 100 or 1. Who is not in the table is left out.",
          }),
          upload(who, "tables", "Upload a CSV of shares", tools))),
    ];
  }

  // A file is read here, and becomes the text of a field.
  function upload(who, key, name, { make, button, redraw, says }) {
    const input = make("input", { type: "file", accept: ".csv,.tsv,.txt,.tab" });
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      if (file.size > LARGEST_FILE) {
        says(`population.${key}`, `${file.name} has ${file.size.toLocaleString("en")} bytes, and the page takes ${LARGEST_FILE.toLocaleString("en")}; put it beside the study file and name it there, as in population: people.csv.`);
        return;
      }
      const text = (await file.text()).replaceAll("\r\n", "\n");
      who[key] = key === "tables" && who.tables.trim() ? `${who.tables.trimEnd()}\n\n${text}` : text;
      redraw(`#ys-population-${key}`);
    });
    return make("div", { class: "acts" }, button(name, () => input.click()));
  }

  function personas(who, tools) {
    return [
      tools.field(who, "personas", "One person a line, or a table with names on its first line", {
        place: "population", rows: 4, placeholder: "age: 30, gender: Female\nage: 71, gender: Male",
        hint: "Up to 10,000 rows and 80,000 bytes. A column weight says how much a person counts. Larger tables stand beside the study file.",
      }),
      upload(who, "personas", "Upload a table", tools),
    ];
  }

  // The fields of a population; tools are those of the editor.
  function parts(who, tools) {
    const kind = tools.field(who, "kind", "Who takes part", { place: "population", choices: tools.menus.people, then: () => tools.settled(() => tools.redraw()), says: "population", hint: tools.menus.counts[who.kind] });
    if (who.kind === "observed") return [kind, tools.field(who, "study", "Study", { place: "population", choices: [["", "Choose a study"], ...tools.menus.studies] })];
    if (who.kind === "personas") return [kind, ...personas(who, tools)];
    if (who.kind === "margins") return [kind, ...margins(who, tools)];
    return [kind];
  }

  // What the server knows of those who are weighted; true if the fields have to be drawn anew.
  function know(text) {
    const found = text ? JSON.parse(text) : null;
    const anew = found !== null && JSON.stringify(found) !== JSON.stringify(levels);
    levels = found ?? levels;
    return anew;
  }

  return { parts, know, show };
})();
