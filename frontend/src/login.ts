import { startTheme } from "./theme";

startTheme();

// A second click while the first answer is on its way would count as a second attempt against the rate limit.
const form = document.querySelector<HTMLFormElement>("form[action^='/login']");
form?.addEventListener("submit", () => {
  for (const button of form.querySelectorAll<HTMLButtonElement>("button[type=submit]"))
    button.disabled = true;
});

// Coming back with the browser's own back button shows the page as it was left: with the button disabled.
window.addEventListener("pageshow", () => {
  for (const button of form?.querySelectorAll<HTMLButtonElement>("button[type=submit]") ?? [])
    button.disabled = false;
});
