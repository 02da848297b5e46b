import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { askLine } from "../ask-line";
import { secondsSince } from "../clock";
import { onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import type { PhoneView } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";
import {
  type BoardAct,
  endWords,
  isWish,
  type Supervision,
  stageWords,
  type Told,
  type Wish,
} from "../supervision-model";
import { toast } from "../toast";

const REASON = "hotline.supervision-reason";
const ROLE = "supervision";

function question(wish: Wish, name: string): { title: string; button: string } {
  switch (wish) {
    case "listen":
      return { title: t("Listen to {name}", { name }), button: t("Listen") };
    case "whisper":
      return { title: t("Whisper to {name}", { name }), button: t("Whisper") };
    case "barge":
      return { title: t("Join the talk of {name}", { name }), button: t("Join") };
    case "take":
      return { title: t("Take the citizen over from {name}", { name }), button: t("Take over") };
  }
}

/** A supervisor's bar in the telephone's panel: in whose conversation he takes part and how; the board's menu begins it. */
export default class SupervisionController extends Controller<HTMLElement> {
  static override targets = ["bar", "name", "state", "time", "mode", "take", "told"];
  declare readonly barTarget: HTMLElement;
  declare readonly nameTarget: HTMLElement;
  declare readonly stateTarget: HTMLElement;
  declare readonly timeTarget: HTMLElement;
  declare readonly modeTargets: HTMLButtonElement[];
  declare readonly toldTarget: HTMLElement;
  private own: Supervision | null = null;
  private busy = false;
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connect(): void {
    this.stops = [
      onDocument<BoardAct>("hotline:board-action", (act) => void this.chosen(act)),
      onDocument<Supervision>("hotline:supervision", (own) => this.news(own)),
      onDocument<{ told: Told | null }>("hotline:supervision.told", ({ told }) => this.tell(told)),
      onDocument("hotline:snapshot", () => void this.load()),
      thePhone().subscribe((view) => this.phoneChanged(view)),
    ];
    this.timer = setInterval(() => this.tick(), 1_000);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  /** One of the modes was pressed. */
  async mode(event: Event): Promise<void> {
    const wish = (event.currentTarget as HTMLElement).dataset["wish"] ?? "";
    if (this.own === null || !isWish(wish) || wish === this.own.stage) return;
    await this.ask(`/api/supervision/${this.own.id}/mode`, { mode: wish });
  }

  async end(): Promise<void> {
    if (this.own !== null) await this.ask(`/api/supervision/${this.own.id}/end`, {});
  }

  private async chosen({ action, id, name }: BoardAct): Promise<void> {
    if (!isWish(action)) return;
    if (thePhone().view.status !== "active") {
      toast(t("Your telephone is not active: press «Start work» first."), "warning");
      return;
    }
    // Whoever listens already goes over to another mode by the same menu.
    if (this.own?.operator.id === id) {
      await this.ask(`/api/supervision/${this.own.id}/mode`, { mode: action });
      return;
    }
    const words = question(action, name);
    await askLine(
      {
        ...words,
        label: t("Reason"),
        hint: t("It is kept with your name in the audit trail."),
        text: sessionStorage.getItem(REASON) ?? "",
        danger: action === "take",
      },
      async (reason) => {
        const json = { operator_id: id, mode: action, reason };
        this.news(await requestJson<Supervision>("/api/supervision", { method: "POST", json }));
        sessionStorage.setItem(REASON, reason);
      },
    );
  }

  private async ask(path: string, json: Record<string, string>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.show();
    try {
      await requestJson(path, { method: "POST", json });
    } catch (error) {
      toast(explain(error), "danger");
    } finally {
      this.busy = false;
      this.show();
    }
  }

  private async load(): Promise<void> {
    try {
      const found = await requestJson<{ own: Supervision | null; told: Told | null }>("/api/supervision");
      this.own = found.own;
      this.tell(found.told);
      this.show();
      this.phoneChanged(thePhone().view);
    } catch {
      // The bar of the shell says already that the server is away; the next snapshot asks again.
    }
  }

  private news(own: Supervision): void {
    if (own.stage === "over") {
      if (this.own !== null && own.id !== this.own.id) return;
      const words = endWords(own);
      if (words !== "" && this.own !== null) toast(words, own.ended === "taken" ? "success" : "info");
      this.own = null;
    } else {
      this.own = own;
      if (own.problem !== "") toast(t("The citizen was not taken over."), "warning");
    }
    this.show();
    this.phoneChanged(thePhone().view);
  }

  /** The click was the answer: his own telephone rings because he asked for it. */
  private phoneChanged(view: PhoneView): void {
    if (this.own?.stage !== "ringing" || ownedElsewhere(view)) return;
    const ring = view.calls.find((call) => call.state === "ringing" && call.role === ROLE);
    if (ring) thePhone().answer(ring.id);
  }

  private show(): void {
    const own = this.own;
    this.barTarget.hidden = own === null;
    if (own === null) return;
    this.barTarget.dataset["stage"] = own.stage;
    this.nameTarget.textContent = `${own.operator.name} · ${own.operator.extension}`;
    this.stateTarget.textContent = stageWords(own.stage);
    for (const button of this.modeTargets) {
      const wish = button.dataset["wish"] as Wish;
      button.hidden = !own.modes.includes(wish);
      button.disabled = this.busy || own.stage === "ringing";
      if (wish !== "take") button.setAttribute("aria-pressed", String(own.stage === wish));
    }
    this.tick();
  }

  private tick(): void {
    if (this.own !== null) this.timeTarget.textContent = duration(secondsSince(this.own.since));
  }

  private tell(told: Told | null): void {
    this.toldTarget.hidden = told === null;
    if (told === null) return;
    const words: Readonly<Record<string, string>> = {
      listen: t("{name} listens to your talk.", { name: told.by }),
      whisper: t("{name} whispers to you; the citizen does not hear it.", { name: told.by }),
      barge: t("{name} has joined your talk.", { name: told.by }),
    };
    const text = words[told.stage] ?? "";
    const place = this.toldTarget.querySelector("span");
    if (place && place.textContent !== text) place.textContent = text;
  }
}
