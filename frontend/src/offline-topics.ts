// Topics without a server: a card on paper brings all of them along (DAY-20).

function fold(text: string): string {
  return text.toLocaleLowerCase("ru").replaceAll("ё", "е");
}

/** The topics of a type in which every typed word stands; `null` when the form brings none. */
export function offlineTopics(
  form: HTMLFormElement | null,
  type: string,
  query: string,
): HTMLElement[] | null {
  const all = form?.querySelector<HTMLTemplateElement>("template[data-offline-topics]");
  if (!all) return null;
  const words = fold(query).split(/\s+/).filter(Boolean);
  return [...all.content.querySelectorAll<HTMLElement>("[data-code]")]
    .filter((one) => type === "" || one.dataset["type"] === type)
    .filter((one) => {
      const text = fold(`${one.textContent ?? ""} ${one.dataset["words"] ?? ""}`);
      return words.every((word) => text.includes(word));
    })
    .map((one) => one.cloneNode(true) as HTMLElement);
}
