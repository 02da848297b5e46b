// The local copy of a draft while the server has not confirmed it. It lives in sessionStorage: it survives a reload and
// a restored tab, and is gone when the tab is closed, because a card holds personal data and desks are shared.

export type Fields = Readonly<Record<string, string>>;

export interface LocalDraft {
  rev: number;
  fields: Fields;
  at: number;
}

const PREFIX = "hotline.draft:";

export function keepDraft(id: string, draft: LocalDraft): void {
  try {
    sessionStorage.setItem(PREFIX + id, JSON.stringify(draft));
  } catch {
    // Storage is full or forbidden: the text is still on the screen and is sent again and again.
  }
}

export function dropDraft(id: string): void {
  sessionStorage.removeItem(PREFIX + id);
}

/** Whose copies are kept. */
export function draftIds(): string[] {
  const keys = Array.from({ length: sessionStorage.length }, (_, place) => sessionStorage.key(place) ?? "");
  return keys.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
}

/** The copy, or `null` when there is none or it cannot be read. */
export function localDraft(id: string): LocalDraft | null {
  const text = sessionStorage.getItem(PREFIX + id);
  if (text === null) return null;
  try {
    const draft = JSON.parse(text) as Partial<LocalDraft>;
    if (typeof draft.rev !== "number" || typeof draft.at !== "number" || typeof draft.fields !== "object")
      return null;
    return draft as LocalDraft;
  } catch {
    return null;
  }
}
