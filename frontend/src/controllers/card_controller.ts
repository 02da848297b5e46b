import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, request, requestJson, Unreachable } from "../api";
import { type DraftEffect, type DraftEvent, type DraftState, loadedDraft, step } from "../autosave";
import { ownExtension } from "../call-commands";
import { type StoredDraft, showConflict } from "../card-conflict";
import { askAboutDuplicates, type Decision, type Duplicate } from "../card-duplicates";
import { readFields, setField, takeFields, writeFields } from "../card-fields";
import { forwardSaved } from "../card-forward";
import { CardProblems } from "../card-problems";
import { draftStateText } from "../card-state";
import { serverNow } from "../clock";
import { announce, onDocument } from "../dom";
import { dropDraft, keepDraft, localDraft } from "../drafts-store";
import { t } from "../i18n";
import type { CardHanded } from "../model";
import { openInWork } from "../navigate";
import { isPaper, paperKey, realDraft } from "../paper";
import { randomKey } from "../random-key";
import { toast } from "../toast";
import type { Attached } from "./person_search_controller";

interface DraftSaved {
  rev: number;
  saved_at: string;
}

interface AppealSaved {
  id: number;
  version: number;
  number: string;
  status: string;
  warnings?: readonly string[];
}

const SAVE_AGAIN_MS = 3_000;

/**
 * The registration card: keeps its draft safe (autosave.ts has the rules), and saves it as an appeal exactly once.
 * An unconfirmed card is marked with `data-unsaved`, so that nothing else takes its place (DAY-12).
 */
export default class CardController extends Controller<HTMLFormElement> {
  static override targets = ["state", "save", "problems", "same"];
  static override values = { draft: String, rev: Number, call: String };
  declare readonly stateTargets: HTMLElement[];
  declare readonly saveTargets: HTMLButtonElement[];
  declare readonly problemsTarget: HTMLElement;
  declare readonly hasProblemsTarget: boolean;
  declare readonly sameTarget: HTMLInputElement;
  declare readonly hasSameTarget: boolean;
  declare readonly draftValue: string;
  declare readonly revValue: number;
  declare readonly callValue: string;

  private draft: DraftState = loadedDraft(0);
  /** Where the draft is: of a card on paper only its name in this browser's store, until the server answers (DAY-20). */
  private address = "";
  private problems = new CardProblems(this.element, null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private clock: ReturnType<typeof setInterval> | undefined;
  private sending: Promise<void> = Promise.resolve();
  private saving = false;
  /** The server did not take the save yet; it is repeated under the same key. */
  private saveWaits = false;
  /** What the pressed button does besides saving: `finish` closes a consultation, `forward` asks to whom. */
  private after = "";
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  /** Names this card's save for the server: however often it is sent, one appeal comes of it. */
  private idempotencyKey: string = randomKey();
  private stops: (() => void)[] = [];
  /** Appeals of which the operator was warned, and which he did not take for this one (DAY-23). */
  private seenDuplicates: number[] = [];

  override connect(): void {
    this.draft = loadedDraft(this.revValue);
    this.address = this.draftValue;
    if (isPaper(this.address)) this.idempotencyKey = paperKey(this.address);
    this.problems = new CardProblems(this.element, this.hasProblemsTarget ? this.problemsTarget : null);
    const form = this.element;
    form.addEventListener("input", this.onInput);
    form.addEventListener("change", this.onInput);
    form.addEventListener("focusout", this.onBlur);
    form.addEventListener("keydown", this.onKey);
    form.addEventListener("submit", this.onSubmit);
    form.addEventListener("person-search:attach", this.onAttach);
    window.addEventListener("online", this.onOnline);
    window.addEventListener("beforeunload", this.onLeave);
    this.stops = [
      onDocument("hotline:signed-in", () => this.signedIn()),
      onDocument<{ status: string }>("hotline:events", ({ status }) => {
        if (status === "up") this.onOnline();
      }),
      onDocument<CardHanded>("hotline:card.handed", ({ call_key, moved, to }) => {
        if (moved && call_key === this.callValue && to !== ownExtension()) void this.handedOver();
      }),
    ];
    this.clock = setInterval(() => this.showState(), 1_000);
    this.restore();
    this.copyApplicant();
  }

  override disconnect(): void {
    const form = this.element;
    form.removeEventListener("input", this.onInput);
    form.removeEventListener("change", this.onInput);
    form.removeEventListener("focusout", this.onBlur);
    form.removeEventListener("keydown", this.onKey);
    form.removeEventListener("submit", this.onSubmit);
    form.removeEventListener("person-search:attach", this.onAttach);
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("beforeunload", this.onLeave);
    for (const stop of this.stops) stop();
    clearInterval(this.clock);
    clearTimeout(this.timer);
    clearTimeout(this.saveTimer);
    // The work area goes elsewhere: what is still unsent is sent now; the local copy waits until the server confirms.
    if (form.dataset["unsaved"] !== undefined) this.feed({ type: "blurred" });
  }

  /** «ЗЛ совпадает с заявителем»: the applicant's data are also those of the insured person (S000-26). */
  copyApplicant(): void {
    const same = this.hasSameTarget && this.sameTarget.checked;
    for (const field of this.element.elements) {
      if (!(field instanceof HTMLInputElement) || !field.name.startsWith("insured_")) continue;
      field.readOnly = same;
      if (same)
        setField(this.element, field.name, this.textOf(field.name.replace(/^insured_/, "applicant_")));
    }
  }

  private textOf(name: string): string {
    const field = this.element.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.value : "";
  }

  // --- the draft -----------------------------------------------------------------------------------------------

  /** Text that never reached the server (a reload while it was away) comes back. */
  private restore(): void {
    const copy = localDraft(this.address);
    if (copy) {
      writeFields(this.element, copy.fields);
      this.draft = loadedDraft(copy.rev);
      this.changed();
      toast(t("Text that had not been saved was restored."), "info");
    } else if (this.revValue > 0) {
      this.element.dataset["unsaved"] = "";
    }
  }

  private changed(): void {
    this.element.dataset["unsaved"] = "";
    this.feed({ type: "changed" });
  }

  private feed(event: DraftEvent): void {
    // While the card itself is on its way its draft keeps still: sent now, it would reach a server that no longer has it.
    // A save on paper that waits must not meet a draft that was made behind its back.
    const waits = this.saveWaits && isPaper(this.address);
    if (
      (this.saving || waits) &&
      (event.type === "blurred" || event.type === "timer" || event.type === "online")
    )
      return;
    const [next, effects] = step(this.draft, event);
    this.draft = next;
    for (const effect of effects) this.carryOut(effect);
    this.showState();
  }

  private carryOut(effect: DraftEffect): void {
    switch (effect.type) {
      case "wait":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.feed({ type: "timer" }), effect.ms);
        break;
      case "send":
        clearTimeout(this.timer);
        this.sending = this.sendDraft(effect.rev);
        break;
      case "keep-copy":
        keepDraft(this.address, { rev: this.draft.rev, fields: readFields(this.element), at: Date.now() });
        break;
      case "drop-copy":
        dropDraft(this.address);
        break;
    }
  }

  private async sendDraft(rev: number): Promise<void> {
    let fields = readFields(this.element);
    try {
      if (isPaper(this.address)) {
        this.address = await realDraft(this.element, this.callValue);
        fields = readFields(this.element);
      }
      const json = { rev, call_key: this.callValue, fields };
      const saved = await requestJson<DraftSaved>(this.address, { method: "PUT", json });
      this.feed({ type: "saved", rev: saved.rev, at: Date.parse(saved.saved_at) });
    } catch (error) {
      this.draftFailed(error, fields);
    }
  }

  private draftFailed(error: unknown, fields: Record<string, string>): void {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429) {
      this.feed({ type: "unreachable" });
    } else if (error.status === 401) {
      this.feed({ type: "signed-out" });
    } else if (error.status === 409 && error.details["draft"]) {
      this.conflict(fields, error.details["draft"] as StoredDraft);
    } else {
      this.feed({ type: "refused" });
      toast(t("The draft cannot be saved: {reason}", { reason: error.message }), "danger");
    }
  }

  private conflict(fields: Record<string, string>, stored: StoredDraft): void {
    this.feed({ type: "conflict" });
    showConflict(this.element, fields, stored, (taken, keepMine) => {
      takeFields(this.element, taken);
      this.feed({ type: "resolved", rev: stored.rev, keepMine });
    });
  }

  private showState(): void {
    for (const element of this.stateTargets) draftStateText(element, this.draft, this.saving, serverNow());
  }

  // --- what the person does ------------------------------------------------------------------------------------

  private belongs(target: EventTarget | null): boolean {
    const field = target as HTMLInputElement | null;
    return Boolean(field?.name) && field?.form === this.element;
  }

  private readonly onInput = (event: Event): void => {
    if (!this.belongs(event.target)) return;
    const { name } = event.target as HTMLInputElement;
    this.problems.forget(name);
    if (name.startsWith("applicant_")) this.copyApplicant();
    this.changed();
  };

  private readonly onBlur = (event: Event): void => {
    if (this.belongs(event.target)) this.feed({ type: "blurred" });
  };

  /** Enter in a field must not register an appeal by accident; saving is Ctrl+Enter or the button. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.ctrlKey && event.target instanceof HTMLInputElement)
      event.preventDefault();
  };

  private readonly onAttach = (event: Event): void => {
    const { role, person } = (event as CustomEvent<Attached>).detail;
    for (const [key, value] of Object.entries(person)) {
      const name = `${role}_${key === "id" ? "person_id" : key}`;
      // The number that calls right now is better than the one in the register.
      if (key !== "phone" || this.textOf(name) === "") setField(this.element, name, value);
    }
    this.copyApplicant();
    this.changed();
  };

  private readonly onOnline = (): void => {
    this.feed({ type: "online" });
    if (this.saveWaits) void this.save();
  };

  private signedIn(): void {
    this.feed({ type: "signed-in" });
    if (this.saveWaits) void this.save();
  }

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    if (this.draft.status === "clean" && !this.saveWaits) return;
    this.feed({ type: "blurred" });
    event.preventDefault();
  };

  private readonly onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.after = event.submitter?.dataset["then"] ?? "";
    void this.save();
  };

  /** Leave the card; its draft stays on the server and is offered in the journal. */
  close(): void {
    this.feed({ type: "blurred" });
  }

  /** The colleague has the call and the card now: nothing more is sent from here. */
  private async handedOver(): Promise<void> {
    this.forget();
    toast(t("The call and its card were handed over."), "success");
    await openInWork("/journal");
  }

  // --- saving as an appeal -------------------------------------------------------------------------------------

  private async save(): Promise<void> {
    if (this.saving) return;
    clearTimeout(this.saveTimer);
    this.saveWaits = false;
    this.setSaving(true);
    // A draft on its way would otherwise arrive after the appeal and bring the draft back to life.
    clearTimeout(this.timer);
    await this.sending;
    try {
      const form = new FormData(this.element);
      if (this.after === "finish") form.set("finish", "1");
      form.set("duplicates_seen", ["ask", ...this.seenDuplicates].join(" "));
      const saved = await request("/appeals", {
        method: "POST",
        form: new URLSearchParams([...form].map(([name, value]) => [name, String(value)])),
        headers: { "Idempotency-Key": this.idempotencyKey },
      });
      await this.savedAs((await saved.json()) as AppealSaved);
    } catch (error) {
      this.setSaving(false);
      this.saveFailed(error);
      // The draft's timer was stopped for the save; its text must not wait for the next letter.
      this.feed({ type: "blurred" });
    }
  }

  private async savedAs(saved: AppealSaved): Promise<void> {
    this.forget();
    const paper = this.textOf("paper_id");
    toast(t("Appeal {number} is registered.", { number: saved.number }), "success");
    if (paper !== "") toast(t("{paper} is now {number}.", { paper, number: saved.number }), "info");
    for (const warning of saved.warnings ?? []) toast(warning, "warning");
    await forwardSaved(this.element, saved.id, saved.version);
    await openInWork(`/appeals/${saved.id}`);
    if (this.after === "forward") document.querySelector<HTMLElement>("#work [data-move=forward]")?.click();
    announce("hotline:card-saved", saved);
  }

  private saveFailed(error: unknown): void {
    if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
      if (error.status === 401) this.saveWaits = true;
      else this.refused(error);
      return;
    }
    if (error instanceof Unreachable || error instanceof ApiError) this.saveLater();
    else toast(explain(error), "danger");
  }

  private refused(error: ApiError): void {
    // Refused, so nothing was saved: the corrected card is another request. And the server does answer.
    this.idempotencyKey = randomKey();
    this.feed({ type: "online" });
    const found = error.details["duplicates"] as readonly Duplicate[] | undefined;
    if (error.errorId !== "possible-duplicate" || !found) {
      this.problems.show(error);
      return;
    }
    this.problems.clear();
    askAboutDuplicates(this.element, found, (decision) => void this.decided(decision));
  }

  private async decided(decision: Decision): Promise<void> {
    if (decision.type === "append") {
      await this.appendTo(decision.to);
      return;
    }
    const them = decision.type === "link" ? decision.to : decision.seen;
    this.seenDuplicates = [...new Set([...this.seenDuplicates, ...them.map((one) => one.id)])];
    if (decision.type === "link") {
      const links = new Set(this.textOf("links").split(" ").filter(Boolean));
      for (const one of them) links.add(`${one.id}:${one.likeness === "letter" ? "duplicate" : "repeat"}`);
      setField(this.element, "links", [...links].join(" "));
    }
    await this.save();
  }

  /** The call and what was typed go to the appeal that is there already; this card is no more. */
  private async appendTo(appeal: Duplicate): Promise<void> {
    this.feed({ type: "blurred" });
    await this.sending;
    try {
      const json = { draft_id: Number(this.textOf("draft_id")) };
      await requestJson(`/api/appeals/${appeal.id}/append-call`, { method: "POST", json });
    } catch (error) {
      toast(explain(error), "danger");
      return;
    }
    this.forget();
    toast(t("The call was added to {number}.", { number: appeal.number }), "success");
    await openInWork(`/appeals/${appeal.id}`);
  }

  /** Nothing of this card is to be sent any more. */
  private forget(): void {
    this.draft = loadedDraft(this.draft.rev);
    clearTimeout(this.timer);
    dropDraft(this.address);
    delete this.element.dataset["unsaved"];
  }

  private saveLater(): void {
    this.saveWaits = true;
    this.saveTimer = setTimeout(() => void this.save(), SAVE_AGAIN_MS);
    this.problems.waiting(t("The server does not answer. The card will be saved as soon as it does."));
  }

  private setSaving(saving: boolean): void {
    this.saving = saving;
    for (const button of this.saveTargets) button.disabled = saving;
    this.element.setAttribute("aria-busy", String(saving));
    this.showState();
  }
}
