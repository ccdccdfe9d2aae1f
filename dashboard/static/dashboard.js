// Convenience only: every page works without this file.
"use strict";

// Next Steps as a modal, which keeps the focus inside and gives it back.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("a.next-steps");
  if (opener) {
    event.preventDefault();
    document.querySelector(opener.hash).showModal();
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (dialog && (event.target === dialog || event.target.closest("[data-closes]"))) {
    event.preventDefault();
    dialog.close();
  }
  // A definition closes when something else is clicked.
  for (const bubble of document.querySelectorAll("details.bubble[open]")) {
    if (!bubble.contains(event.target)) bubble.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const bubble = document.querySelector("details.bubble[open]");
  if (bubble) {
    bubble.open = false;
    bubble.querySelector("summary").focus();
  }
});

// Names of LWIAs and providers while somebody types.
const search = document.querySelector("[data-suggestions]");
if (search) {
  let latest = 0;
  search.addEventListener("input", async () => {
    const mine = (latest += 1);
    const wanted = search.value.trim();
    if (wanted.length < 2) return;
    const answer = await fetch(`${search.dataset.suggestions}&q=${encodeURIComponent(wanted)}`);
    if (!answer.ok || mine !== latest) return;
    const found = await answer.json();
    document.getElementById(search.getAttribute("list")).replaceChildren(
      ...found.map(({ scope, name }) => {
        const option = document.createElement("option");
        option.value = name;
        option.label = scope;
        return option;
      }),
    );
  });
}
