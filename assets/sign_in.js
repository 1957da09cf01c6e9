// Signing in and out: back to the tab and the result that one came from, and in a browser tab of its own where another
// site's page shows this one in a frame, since browsers block the cookies of such a frame.
(() => {
  const framed = window.self !== window.top;
  // The sign-in keeps the way back in a cookie of 4 kB, so a long one is cut to what names the result.
  const LONGEST = 600;
  const SHORT = ["source", "cell", "model"];

  function back() {
    const query = new URLSearchParams(location.search);
    const tab = document.querySelector("#tabs button[role=tab][aria-selected=true]")?.dataset.tabId;
    const address = (pairs) => {
      const kept = new URLSearchParams(pairs);
      kept.delete("tab");
      if (tab && tab !== "simulate") kept.set("tab", tab);
      return kept.size ? "/?" + kept : "/";
    };
    const whole = address(query);
    return whole.length <= LONGEST ? whole : address([...query].filter(([name]) => SHORT.includes(name)));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.sign-in");
    if (!link) return;
    link.href = link.dataset.way + "?_target_url=" + encodeURIComponent(back());
    if (!framed) return;
    link.target = "_blank";
    link.rel = "noopener";
    document.querySelectorAll(".sign-in-opened").forEach((note) => { note.hidden = false; });
  });
})();
