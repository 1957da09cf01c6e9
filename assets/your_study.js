// The editor of the tab Your study. The draft is the value of its component; text is never inserted as HTML.
window.yourStudy = (() => {
  const PAUSE = 350; // milliseconds after the last keystroke before the checks and the preview are asked for
  const LARGEST = 80000; // bytes of a study that a request can carry
  const TYPING = 700; // milliseconds within which the next letter belongs to the same word of a menu
  const TOO_LONG = "too long"; // in place of a draft that no request can carry; the server says so
  const KEPT = "socrates-your-study"; // the draft in this browser tab, for a reload
  const RAN = "socrates-your-study-ran"; // the draft that was predicted last
  let editor = null;

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "text") node.textContent = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null) node.setAttribute(name, value);
    }
    node.append(...children.filter(Boolean));
    return node;
  }

  // A menu is drawn anew after a choice; after one by keyboard only when nothing more is typed, for a new menu would take
  // each letter for the first one.
  let keyed = -Infinity, settling = null;
  document.addEventListener("keydown", () => { keyed = performance.now(); }, true);
  document.addEventListener("pointerdown", () => { keyed = -Infinity; }, true);
  function settled(act) {
    clearTimeout(settling);
    if (performance.now() - keyed > 50) act();
    else settling = setTimeout(act, TYPING);
  }

  // One field: a label, a control bound to a key of an object, a hint, and a place for what the checks say.
  function field(owner, key, name, options = {}) {
    const id = `ys-${options.place.replaceAll(".", "-")}-${key}`;
    const control = make(options.choices ? "select" : options.rows ? "textarea" : "input", {
      id, "data-key": key, placeholder: options.placeholder ?? null, rows: options.rows ?? null,
      "aria-describedby": `${id}-says`, autocomplete: "off",
    });
    for (const [value, text, group] of options.choices ?? []) {
      const home = group ? [...control.querySelectorAll("optgroup")].find((one) => one.label === group)
        ?? control.appendChild(make("optgroup", { label: group })) : control;
      home.append(make("option", { value, text }));
    }
    control.value = owner[key];
    control.addEventListener("input", () => { owner[key] = control.value; options.then?.(); changed(); });
    control.addEventListener("change", () => changed(true));
    return make("div", { class: `field ${options.class ?? ""}` },
      make("label", { for: id, text: name }), control,
      options.hint ? make("p", { class: "hint", text: options.hint }) : null,
      make("ul", { class: "says", id: `${id}-says`, "data-place": options.says ?? `${options.place}.${key}` }));
  }

  function button(text, act, attributes = {}) {
    return make("button", { type: "button", text, onclick: act, ...attributes });
  }

  let draft = null;
  let sent = null;
  let waiting = null;
  let blank = ""; // the draft of a page that nobody has written on
  let safe = ""; // the draft as it was opened or saved last
  let replaced = null; // the draft that another one has taken the place of, while it can be brought back

  function changed(now = false, pause = PAUSE) {
    const text = JSON.stringify(draft);
    if (new TextEncoder().encode(JSON.stringify(text)).length > LARGEST) {
      clearTimeout(waiting);
      editor.props.value = TOO_LONG; // so that Run does not take what was written before
      tooLong();
      return;
    }
    if (text === editor.props.value && !now) return;
    if (replaced && text !== editor.props.value) { // whoever writes on has decided
      replaced = null;
      editor.root.querySelector(".undo")?.remove();
    }
    editor.props.value = text; // what Run takes, even before the checks have answered
    remember(text);
    if (pause !== PAUSE && waiting !== null) return; // a slider on its way is looked at again and again
    clearTimeout(waiting);
    waiting = setTimeout(tell, now ? 0 : pause);
  }

  function tooLong() {
    const rows = draft.people.personas.split("\n").length;
    const personas = draft.people.kind === "personas" && draft.people.personas.length > LARGEST / 2;
    const most = `${LARGEST.toLocaleString("en")} bytes`;
    const text = personas
      ? `These ${rows.toLocaleString("en")} rows are more than the page takes (${most} with the rest of the study); put them in a table beside the study file and write population: people.csv.`
      : `This study is longer than ${most}, too long for the page; use a study file and the command socrates simulate.`;
    mark(JSON.stringify([{ place: personas ? "population.personas" : "title", kind: "bad", text }]));
  }

  function remember(text, name = KEPT) {
    try { sessionStorage.setItem(name, text); } catch { /* a browser that keeps nothing, or too long */ }
  }

  // What is replaced can be brought back, unless nothing of it would be lost.
  function replaceWith(text, before) {
    replaced = before && ![blank, safe, text].includes(JSON.stringify(before)) ? before : null;
    draft = JSON.parse(text);
    safe = text;
    draw();
  }

  function bringBack() {
    draft = replaced;
    replaced = null;
    redraw("#ys-study-title");
  }

  function undo() {
    if (!replaced) return null;
    const named = replaced.title.trim();
    return make("p", { class: "stale undo", role: "status" },
      make("span", { text: `${named ? `“${named}”` : "Your study"} was not saved, and another took its place. ` }),
      button("Bring it back", bringBack));
  }

  // The draft before a reload; null if there is none, or an earlier version of the page wrote it in another form.
  function recalled(blank) {
    const form = (value) => Object.keys(value).sort().join();
    try {
      const [before, now] = [JSON.parse(sessionStorage.getItem(KEPT)), JSON.parse(blank)];
      const parts = (one) => [one, one.conditions[0], one.outcomes[0], one.outcomes[0].scale, one.people];
      return parts(before).map(form).join(";") === parts(now).map(form).join(";") ? before : null;
    } catch { return null; }
  }

  function tell() {
    waiting = null;
    if (sent === editor.props.value || editor.props.value === TOO_LONG) return;
    sent = editor.props.value;
    editor.trigger("input");
  }

  function redraw(focus) {
    draw();
    changed(true);
    if (focus) editor.root.querySelector(focus)?.focus();
  }

  function list(items, most, blank, drawn, name) {
    const key = name.toLowerCase();
    const named = (place) => `#ys-${key}s-${place}-${key === "outcome" ? "name" : "label"}`;
    const cards = items.map((item, place) => {
      const others = items.length > 1;
      const copy = () => {
        items.splice(place + 1, 0, { ...structuredClone(item), ...(item.control ? { control: false } : {}) });
        redraw(named(place + 1));
      };
      const drop = () => {
        items.splice(place, 1);
        if (item.control && items.length) items[0].control = true;
        redraw(named(Math.min(place, items.length - 1)));
      };
      return make("fieldset", {},
        make("legend", { text: `${name} ${place + 1}` }), ...drawn(item, place),
        make("div", { class: "acts" },
          items.length < most ? button("Duplicate", copy, { "aria-label": `Duplicate ${name} ${place + 1}` }) : null,
          others ? button("Remove", drop, { "aria-label": `Remove ${name} ${place + 1}` }) : null));
    });
    const add = () => { items.push(blank()); redraw(named(items.length - 1)); };
    return [...cards, make("ul", { class: "says", "data-place": `${key}s` }),
      items.length < most ? button(`Add ${key === "outcome" ? "an" : "a"} ${key}`, add, { class: "add" }) : null];
  }

  function condition(item, place) {
    const at = `conditions.${place}`;
    const choose = () => { draft.conditions.forEach((one) => { one.control = one === item; }); redraw(); };
    const id = `ys-control-${place}`;
    const control = make("input", { type: "radio", name: "ys-control", id, checked: item.control, onchange: choose });
    control.checked = item.control;
    const fields = make("details", { class: "more", open: Boolean(item.fields) },
      make("summary", { text: "Values for {names}" }),
      field(item, "fields", "One a line: name = value", { place: at, rows: 2, placeholder: "price = 12" }));
    return [
      field(item, "label", "Name", { place: at, placeholder: place ? "Climate label" : "Plain menu" }),
      field(item, "text", "What people read", { place: at, rows: 3, hint: "Before the question. May stay empty." }),
      draft.conditions.length > 1 ? make("label", { class: "radio", for: id }, control, " Control: the others are compared with it") : null,
      fields,
    ];
  }

  function outcome(item, place) {
    const at = `outcomes.${place}`, scale = item.scale, says = `${at}.scale`;
    const named = { place: `${at}.scale`, says: `${at}.scale.labels` };
    const parts = [
      field(item, "name", "Name", { place: at, placeholder: "intention" }),
      field(item, "question", "Question", { place: at, rows: 2 }),
      field(scale, "kind", "Answers", { place: `${at}.scale`, says, choices: editor.menus.scales, then: () => settled(() => redraw()) }),
    ];
    if (scale.kind === "numbers") {
      parts.push(make("div", { class: "pair" },
        field(scale, "low", "From", named), field(scale, "high", "To", named)));
      parts.push(field(scale, "labels", "Labels of some numbers, one a line", { ...named, rows: 2, placeholder: "1 = Very unlikely\n7 = Very likely" }));
    }
    if (scale.kind === "labels") parts.push(field(scale, "labels", "Labels in order, lowest first, one a line", { ...named, rows: 4 }));
    if (scale.kind === "nominal") parts.push(field(scale, "labels", "Options without an order, one a line", { ...named, rows: 4, placeholder: "Pasta\nSteak" }));
    if (scale.kind && scale.kind !== "open") {
      parts.push(make("details", { class: "more", open: Boolean(scale.off) },
        make("summary", { text: "Options off the axis, such as “don't know”" }),
        field(scale, "off", "One a line", { ...named, says: `${at}.scale.off_axis`, rows: 1, placeholder: "Don't know", hint: "People may choose them; means and effects leave them out." })));
    }
    return parts;
  }

  // Said beside a field at once, without asking the server.
  function says(place, text) {
    const home = [...editor.root.querySelectorAll(".says")].find((one) => one.dataset.place === place);
    home?.replaceChildren(make("li", { class: "bad", text }));
  }

  function people() {
    return yourStudyPeople.parts(draft.people, { make, field, button, redraw, settled, changed, says, menus: editor.menus });
  }

  // The latest prediction in small.
  function live(text) {
    yourStudyPeople.show(text, { make });
    return [];
  }

  // Attributes and values of those who are weighted have come.
  function levels(text) {
    if (editor && yourStudyPeople.know(text) && draft.people.kind === "margins") draw();
    return [];
  }

  function draw() {
    const open = document.activeElement?.id;
    editor.root.replaceChildren(
      undo() ?? "",
      field(draft, "title", "Title", { place: "study", says: "title", placeholder: "Labels on a menu" }),
      make("h2", { text: "Conditions" }),
      ...list(draft.conditions, 32, () => ({ label: "", text: "", control: false, fields: "" }), condition, "Condition"),
      make("h2", { text: "Outcomes" }),
      ...list(draft.outcomes, 32, () => ({ name: "", question: "", scale: { kind: "", low: "1", high: "7", labels: "", off: "" } }), outcome, "Outcome"),
      make("h2", { text: "People" }), ...people(),
      field(draft, "design", "Design", { place: "study", says: "design", choices: [["between", "Each person sees one condition"], ["within", "Each person sees all conditions"]] }));
    if (open) document.getElementById(open)?.focus();
    mark(editor.findings);
  }

  // Put what the checks found beside its field, or beside the nearest part that has a place.
  function mark(text) {
    if (!editor) return [];
    editor.findings = text;
    const places = new Map([...editor.root.querySelectorAll(".says")].map((one) => [one.dataset.place, one]));
    places.forEach((one) => one.replaceChildren());
    editor.root.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
    for (const { place, kind, text: words } of JSON.parse(text || "[]")) {
      const parts = place.split(".");
      while (parts.length && !places.has(parts.join("."))) parts.pop();
      const home = places.get(parts.join(".")) ?? places.get("title");
      home.append(make("li", { class: kind, text: words }));
      const closed = home.closest("details");
      if (closed && kind !== "open") closed.open = true;
      if (kind === "bad") home.parentElement.querySelector("input, textarea, select")?.setAttribute("aria-invalid", "true");
    }
    return [];
  }

  function edit(element, trigger, props, watch) {
    const root = element.querySelector(".study-editor");
    editor = { root, trigger, props, findings: "[]", menus: JSON.parse(decodeURIComponent(root.dataset.menus)) };
    const load = () => {
      if (props.value === TOO_LONG || (draft && props.value === JSON.stringify(draft))) return;
      sent = props.value;
      remember(props.value);
      replaceWith(props.value, draft);
    };
    const shared = new URLSearchParams(location.hash.slice(1)).get("study");
    const before = recalled(props.value);
    blank = props.value;
    watch("value", load);
    load();
    if (before) { // a study that a link brings takes its place, and it can be brought back
      draft = before;
      redraw();
      if (!shared) unpredicted(JSON.stringify(before));
    }
    if (shared) {
      try {
        const bytes = Uint8Array.from(atob(shared.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
        trigger("upload", { yaml: new TextDecoder().decode(bytes) });
      } catch { /* not a link of ours */ }
    }
  }

  // Open a file: it is read here and sent as text.
  function open() {
    const input = make("input", { type: "file", accept: ".yaml,.yml" });
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      const yaml = file.size > LARGEST ? null : await file.text();
      editor.trigger("upload", yaml === null ? { tooLarge: true } : { yaml });
    });
    input.click();
    return [];
  }

  // After a reload the study is here and its prediction is not: nothing of a visitor's study is kept on the server.
  function unpredicted(text) {
    let ran = null;
    try { ran = sessionStorage.getItem(RAN); } catch { /* a browser that keeps nothing */ }
    if (ran !== text) return;
    const look = setInterval(() => { // the other column may come after this one
      const place = document.querySelector("#study-says .verdict.waiting");
      if (!place) return;
      clearInterval(look);
      place.append(make("p", { class: "quiet", text: "The page was loaded anew. Your study is here; its prediction is not kept. Run gives the same one again with the same model, people and seed." }));
    }, 200);
  }

  // The study on the page has been predicted.
  function ran() {
    remember(editor.props.value, RAN);
    return [];
  }

  // Save what the server has made: {name, media, text} as JSON, with `base64` in place of text where it is no text; `own`
  // if it may be the study itself.
  function save(text, own = false) {
    if (!text) return [];
    const { name, media, text: plain, base64 } = JSON.parse(text);
    const content = base64 ? Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)) : plain;
    if (own && name.endsWith(".yaml")) safe = JSON.stringify(draft);
    const address = URL.createObjectURL(new Blob([content], { type: media }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    return [];
  }

  // Buttons of a result: downloads, and a link. That of a study holds the study itself, behind a # that browsers send to
  // nobody.
  function keep(element, trigger) {
    element.addEventListener("click", async (event) => {
      const target = event.target.closest("button");
      if (!target) return;
      if (target.dataset.file) { trigger("download", { file: target.dataset.file }); return; }
      const here = `${location.origin}${location.pathname}`;
      const words = target.textContent;
      await copy(target.dataset.query ? `${here}?${target.dataset.query}` : `${here}#study=${packed(target.dataset.study)}`);
      target.textContent = "Link copied";
      setTimeout(() => { target.textContent = words; }, 2000);
    });
  }

  function packed(text) {
    const bytes = new TextEncoder().encode(text);
    const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function copy(link) {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      const field = make("textarea", {});
      field.value = link;
      document.body.append(field);
      field.select();
      document.execCommand("copy"); // no clipboard API on plain HTTP
      field.remove();
    }
  }

  // After Run on a phone, the result is far below.
  function show(what) {
    const part = document.querySelector(what);
    if (part?.offsetParent) part.scrollIntoView({ behavior: "smooth", block: "nearest" });
    return [];
  }

  // A link to a study: the tab is made when it is first chosen, and reads the link then.
  if (new URLSearchParams(location.hash.slice(1)).has("study")) {
    const look = setInterval(() => {
      const tab = [...document.querySelectorAll("button[role=tab]")].find((one) => one.textContent.trim() === "Your study");
      if (tab) { clearInterval(look); tab.click(); }
    }, 200);
  }

  return { edit, mark, levels, live, open, save, keep, ran, show, make, settled };
})();
