// Translation of what the scripts say. Message ids are English; the page embeds its reader's catalogue as JSON
// (docs/internals.md, "The page and its scripts"), so that no script carries a language in itself.

interface Catalogue {
  lang: string;
  messages: Readonly<Record<string, string>>;
}

const empty: Catalogue = { lang: "en", messages: {} };
let catalogue: Catalogue | null = null;

function load(): Catalogue {
  const element = document.getElementById("catalogue");
  if (element?.textContent) {
    try {
      return { ...empty, ...(JSON.parse(element.textContent) as Partial<Catalogue>) };
    } catch {
      // A page with a broken catalogue still works in English; a desk that does not start would be worse.
    }
  }
  return empty;
}

/** Read the page's catalogue anew: after a change of the language, and in tests. */
export function reloadCatalogue(): void {
  catalogue = null;
}

/** The language of the page, as a BCP 47 tag. */
export function language(): string {
  catalogue ??= load();
  return catalogue.lang;
}

/** The time zone in which the server writes times to this reader (IANA name); the browser's own where it says nothing. */
export function zone(): string | undefined {
  return document.body.dataset["shellZoneValue"] || undefined;
}

/** Write a moment as hours and minutes, in the reader's language and time zone. */
export function clockTime(moment: string | number): string {
  const format = new Intl.DateTimeFormat(language(), {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone(),
  });
  return format.format(new Date(moment));
}

/**
 * Translate an English message; `{name}` is replaced by `values.name`. An unknown message is returned in English, an
 * unknown placeholder stays as it is: both are visible and neither stops the desk.
 */
export function t(message: string, values: Readonly<Record<string, string | number>> = {}): string {
  catalogue ??= load();
  const text = catalogue.messages[message] ?? message;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}
