// For convenience: every page works without this file.
"use strict";

// Shows Next Steps in a modal, which keeps the focus inside and returns it at the end.
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
  // Closes a definition when something else is clicked.
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

// Suggests names of LWIAs and providers while someone types.
const search = document.querySelector("[data-suggestions]");
if (search) {
  let latest = 0;
  search.addEventListener("input", async () => {
    const request = (latest += 1);
    const text = search.value.trim();
    if (text.length < 2) return;
    const response = await fetch(`${search.dataset.suggestions}&q=${encodeURIComponent(text)}`);
    if (!response.ok || request !== latest) return;
    const found = await response.json();
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
