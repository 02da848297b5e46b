import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "../theme";

function label(theme: Theme): string {
  switch (theme) {
    case "auto":
      return t("Colours: as the system");
    case "light":
      return t("Colours: light");
    case "dark":
      return t("Colours: dark");
  }
}

/** The button that goes round light, dark and "as the system". */
export default class ThemeController extends Controller<HTMLElement> {
  static override targets = ["label"];
  declare readonly labelTargets: HTMLElement[];

  override connect(): void {
    this.show();
  }

  next(): void {
    chooseTheme(THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length] ?? "auto");
    this.show();
  }

  private show(): void {
    for (const element of this.labelTargets) element.textContent = label(chosenTheme());
  }
}
