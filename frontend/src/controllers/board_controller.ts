import { Controller } from "@hotwired/stimulus";
import { BoardCard } from "../board-card";
import { charts, quarters, table } from "../board-chart";
import type { BoardChange, BoardFilter, BoardOrder, BoardPicture } from "../board-model";
import { BoardState, compare, fits, STATES } from "../board-model";
import { oldest, queueCard } from "../board-queue";
import { serverNow } from "../clock";
import { announce, h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import { stateWord } from "../states";

const DRAW_EVERY_MS = 5_000;

/** The supervisor's board: asks for it over the push connection, writes what changes, counts on by itself. */
export default class BoardController extends Controller<HTMLElement> {
  static override targets = [
    "queues", "states", "grid", "none", "count", "query", "team", "level", "order", "queue", "charts", "table",
    "menu", "pulse",
  ]; // biome-ignore format: names
  static override values = { roles: Object, zone: String };
  declare readonly queuesTarget: HTMLElement;
  declare readonly hasQueuesTarget: boolean;
  declare readonly statesTarget: HTMLElement;
  declare readonly gridTarget: HTMLElement;
  declare readonly noneTarget: HTMLElement;
  declare readonly countTarget: HTMLElement;
  declare readonly queryTarget: HTMLInputElement;
  declare readonly teamTarget: HTMLSelectElement;
  declare readonly levelTarget: HTMLSelectElement;
  declare readonly orderTarget: HTMLSelectElement;
  declare readonly queueTarget: HTMLSelectElement;
  declare readonly chartsTarget: HTMLElement;
  declare readonly tableTarget: HTMLElement;
  declare readonly menuTarget: HTMLTemplateElement;
  declare readonly pulseTarget: HTMLElement;
  declare readonly rolesValue: Record<string, string>;
  declare readonly zoneValue: string;

  private readonly board = new BoardState();
  private readonly cards = new Map<number, BoardCard>();
  private readonly states = new Set<string>();
  private stops: (() => void)[] = [];
  private timers: ReturnType<typeof setInterval>[] = [];

  override connect(): void {
    if (!this.hasQueuesTarget) {
      this.pulseTarget.hidden = true;
      return;
    }
    this.stops = [
      onDocument<BoardPicture>("hotline:board", (picture) => this.take(picture)),
      onDocument<BoardChange>("hotline:board.changed", (change) => this.change(change)),
      // After every reconnect the server has forgotten who looks.
      onDocument("hotline:snapshot", () => this.ask(true)),
      onDocument<{ status: string }>("hotline:events", ({ status }) => this.pulse(status === "up")),
    ];
    this.timers = [setInterval(() => this.tick(), 1_000), setInterval(() => this.draw(), DRAW_EVERY_MS)];
    this.ask(true);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    for (const timer of this.timers) clearInterval(timer);
    this.ask(false);
  }

  filter(): void {
    this.arrange();
  }

  clear(): void {
    this.queryTarget.value = "";
    this.teamTarget.value = "";
    this.levelTarget.value = "";
    this.states.clear();
    this.showStates();
    this.arrange();
    this.queryTarget.focus();
  }

  /** A line of the menu of an operator was chosen. */
  act(event: Event): void {
    const button = event.currentTarget as HTMLElement;
    const id = Number(button.closest<HTMLElement>("[data-id]")?.dataset["id"]);
    const one = this.board.operators.get(id);
    const action = button.dataset["boardAct"] ?? "";
    if (!one) return;
    if (action === "call") announce("hotline:dial", { number: one.extension });
    const { extension, state, call_key: key, name } = one;
    announce("hotline:board-action", { action, id, extension, state, name, call_key: key });
  }

  draw(): void {
    const { day } = this.board;
    if (day === null) return;
    const queue = this.queueTarget.value;
    const slots = this.board.slots.get(queue) ?? new Map();
    const found = quarters(day, slots, serverNow(), this.zoneValue);
    const goal = this.board.queues.get(queue)?.goal.percent ?? 80;
    this.chartsTarget.replaceChildren(...charts(found, goal));
    this.tableTarget.replaceChildren(table(found));
  }

  private ask(on: boolean): void {
    announce("hotline:tell", { type: "board", data: { on } });
  }

  private pulse(up: boolean): void {
    const words = up ? t("live") : t("no connection: the figures stand still");
    this.pulseTarget.dataset["up"] = up ? "yes" : "no";
    this.pulseTarget.replaceChildren(icon(up ? "activity" : "plug-connected-x"), ` ${words}`);
  }

  private take(picture: BoardPicture): void {
    this.board.take(picture);
    for (const [id, card] of this.cards) {
      if (this.board.operators.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    this.pulse(true);
    this.showQueues();
    for (const id of this.board.operators.keys()) this.showOperator(id);
    this.showChoices();
    this.showStates();
    this.arrange();
    this.draw();
  }

  private change(change: BoardChange): void {
    this.board.change(change);
    if (change.queues.length > 0) this.showQueues();
    for (const id of change.gone) {
      this.cards.get(id)?.element.remove();
      this.cards.delete(id);
    }
    for (const { id } of change.operators) this.showOperator(id);
    if (change.operators.length > 0 || change.gone.length > 0) {
      this.showChoices();
      this.showStates();
      this.arrange();
    }
    if (Object.hasOwn(change.slots, this.queueTarget.value)) this.draw();
  }

  private showOperator(id: number): void {
    const data = this.board.operators.get(id);
    if (!data) return;
    let card = this.cards.get(id);
    if (!card) {
      const menu = this.menuTarget.content.cloneNode(true) as DocumentFragment;
      card = new BoardCard(
        data,
        menu,
        (code) => this.rolesValue[code] ?? code,
        (code) => this.board.queues.get(code)?.title ?? code,
      );
      this.cards.set(id, card);
    }
    card.show(data, serverNow());
  }

  private showQueues(): void {
    this.queuesTarget.replaceChildren(...[...this.board.queues.values()].map(queueCard));
    const names = [...this.board.queues.keys()];
    choices(this.queueTarget, names, (name) => this.board.queues.get(name)?.title ?? name);
  }

  private showChoices(): void {
    const all = [...this.board.operators.values()];
    const teams = [...new Set(all.map((one) => one.organisation))].sort((a, b) => a.localeCompare(b, "ru"));
    choices(this.teamTarget, teams, (name) => name, 1);
    const levels = Object.keys(this.rolesValue).filter((code) => all.some((one) => one.roles.includes(code)));
    choices(this.levelTarget, levels, (code) => this.rolesValue[code] ?? code, 1);
  }

  private showStates(): void {
    const counts = new Map<string, number>();
    for (const { state } of this.board.operators.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    for (const state of STATES) {
      let chip = this.statesTarget.querySelector<HTMLButtonElement>(`[data-state-chip="${state}"]`);
      if (!chip) {
        const dot = h("span", { class: "presence-dot", "aria-hidden": "true" });
        const word = h("span", { class: "board-chip-word" }, stateWord(state));
        chip = h(
          "button",
          { type: "button", class: `board-chip presence-${state}`, "data-state-chip": state },
          dot,
          word,
          h("b"),
        );
        chip.addEventListener("click", () => this.toggle(state));
        this.statesTarget.append(chip);
      }
      const count = String(counts.get(state) ?? 0);
      const number = chip.querySelector("b");
      if (number && number.textContent !== count) number.textContent = count;
      chip.setAttribute("aria-pressed", String(this.states.has(state)));
    }
  }

  private toggle(state: string): void {
    if (!this.states.delete(state)) this.states.add(state);
    this.showStates();
    this.arrange();
  }

  /** Put those who fit into their order. Only cards that stand in the wrong place are moved: menus and focus stay. */
  private arrange(): void {
    const now = serverNow();
    const filter: BoardFilter = {
      query: this.queryTarget.value,
      team: this.teamTarget.value,
      level: this.levelTarget.value,
      states: this.states,
    };
    const shown = [...this.board.operators.values()]
      .filter((one) => fits(one, filter))
      .sort(compare(this.orderTarget.value as BoardOrder, now));
    const wanted = new Set(shown.map((one) => one.id));
    for (const [id, card] of this.cards) if (!wanted.has(id)) card.element.remove();
    let next = this.gridTarget.firstElementChild;
    for (const { id } of shown) {
      const element = this.cards.get(id)?.element;
      if (!element) continue;
      if (element === next) next = next.nextElementSibling;
      else this.gridTarget.insertBefore(element, next);
    }
    this.noneTarget.hidden = shown.length > 0;
    this.countTarget.textContent = String(shown.length);
  }

  private tick(): void {
    const now = serverNow();
    for (const card of this.cards.values()) if (card.element.isConnected) card.tick(now);
    for (const time of this.queuesTarget.querySelectorAll<HTMLElement>("[data-since]")) {
      const text = oldest(time.dataset["since"] ?? "");
      if (time.textContent !== text) time.textContent = text;
    }
  }
}

/** Bring the options of a select up to date without losing what is chosen; the first `keep` stay. */
function choices(
  select: HTMLSelectElement,
  values: readonly string[],
  title: (value: string) => string,
  keep = 0,
): void {
  const present = [...select.options].slice(keep).map((option) => option.value);
  if (present.join("\n") === values.join("\n")) return;
  const chosen = select.value;
  for (const option of [...select.options].slice(keep)) option.remove();
  for (const value of values) select.add(new Option(title(value), value));
  if (values.includes(chosen)) select.value = chosen;
}
