import { Controller } from "@hotwired/stimulus";
import { announce, h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import { LiveCalls } from "../live-calls";
import type { QualityNow, Snapshot } from "../model";
import { type CallReport, CallWatch } from "../phone/call-watch";
import type { PhoneCall, PhoneView } from "../phone/index";
import { type CallStats, type Sample, verdict as verdictOf } from "../phone/quality";
import { thePhone } from "../phone-host";
import { alarmText, alarmWord, goesOneWay, lineMark } from "../quality-words";
import { toast } from "../toast";

const decimal = new Intl.NumberFormat(document.documentElement.lang || "ru", { maximumFractionDigits: 1 });
const score = new Intl.NumberFormat(document.documentElement.lang || "ru", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** Measures the calls of this page, warns the operator, tells the server; shows a supervisor how the others sound. */
export default class QualityController extends Controller<HTMLElement> {
  static override targets = ["line", "alarm", "figures", "mos", "loss", "jitter", "rtt"];
  static override values = { extension: String };
  declare readonly extensionValue: string;
  declare readonly lineTarget: HTMLElement;
  declare readonly alarmTarget: HTMLElement;
  declare readonly figuresTarget: HTMLElement;
  declare readonly mosTarget: HTMLElement;
  declare readonly lossTarget: HTMLElement;
  declare readonly jitterTarget: HTMLElement;
  declare readonly rttTarget: HTMLElement;
  private readonly others = new Map<string, QualityNow>();
  private readonly live = new LiveCalls(() => undefined);
  /** What had come when a colleague began to be asked: until more comes, his telephone rings and silence is right. */
  private readonly asking = new Map<string, number>();
  private stops: (() => void)[] = [];
  private readonly watch = new CallWatch({
    sample: (call) => this.sample(call),
    mend: (id, newPath) => thePhone().mend(id, newPath),
    report: (report) => this.report(report),
    name: () => crypto.randomUUID(),
  });

  override connect(): void {
    this.stops = [
      thePhone().subscribe((view) => this.show(view)),
      onDocument<QualityNow>("hotline:quality", (now) => this.learn(now)),
      onDocument<Snapshot>("hotline:snapshot", ({ quality }) => {
        this.others.clear();
        for (const now of quality ?? []) this.others.set(now.extension, now);
        this.markOthers();
      }),
      () => this.live.close(),
    ];
    document.addEventListener("htmx:afterSettle", this.markOthers);
    this.show(thePhone().view);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    document.removeEventListener("htmx:afterSettle", this.markOthers);
    this.watch.stop();
  }

  private show(view: PhoneView): void {
    this.watch.show(view);
    if (!view.elsewhere && view.calls.some((call) => call.state === "talking")) return;
    this.asking.clear();
    this.lineTarget.hidden = true;
    this.figuresTarget.hidden = true;
    this.alarmTarget.hidden = true;
    this.alarmTarget.textContent = "";
  }

  private async sample(call: PhoneCall): Promise<Sample | null> {
    const stats = await thePhone().stats(call.id);
    if (stats === null) return null;
    return {
      ...stats,
      at: performance.now(),
      quiet: call.held || this.expectsSilence(call, stats),
      muted: call.muted,
      switchedOff: thePhone().microphone()?.switchedOff === true,
    };
  }

  private expectsSilence(call: PhoneCall, { received }: CallStats): boolean {
    const phase = this.live.get(call.callKey)?.phase;
    if (phase !== "consulting") this.asking.delete(call.id);
    if (phase === "consulting") {
      if (!this.asking.has(call.id)) this.asking.set(call.id, received);
      return this.asking.get(call.id) === received;
    }
    return phase === "held";
  }

  private report(report: CallReport): void {
    const { leg, callKey, received, lost, jitterMs, rttMs, alarm } = report;
    const data = {
      leg,
      received,
      lost,
      alarm,
      call_key: callKey,
      jitter_ms: Math.min(60_000, jitterMs),
      rtt_ms: rttMs === null ? null : Math.min(60_000, rttMs),
    };
    announce("hotline:tell", { type: "quality", data });
    this.showLine(report);
    const text = alarm === null ? "" : alarmText(alarm);
    if (this.alarmTarget.textContent !== text) {
      // Emptied first: a screen reader tells only what is new.
      this.alarmTarget.replaceChildren(...(text === "" ? [] : [icon("volume-off"), h("span", {}, text)]));
      this.alarmTarget.dataset["alarm"] = alarm ?? "";
    }
    this.alarmTarget.hidden = text === "";
  }

  private showLine({ mos, lossPct, jitterMs, rttMs }: CallReport): void {
    this.figuresTarget.hidden = false;
    this.mosTarget.textContent = mos === null ? "—" : score.format(mos);
    this.lossTarget.textContent = `${decimal.format(lossPct)} %`;
    this.jitterTarget.textContent = t("{n} ms", { n: decimal.format(jitterMs) });
    this.rttTarget.textContent = rttMs === null ? "—" : t("{n} ms", { n: decimal.format(rttMs) });
    this.lineTarget.hidden = mos === null;
    if (mos === null) return;
    const word = verdictOf(mos);
    this.lineTarget.title = `MOS ${score.format(mos)}`;
    if (this.lineTarget.dataset["verdict"] === word && this.lineTarget.textContent !== "") return;
    const mark = lineMark(word);
    this.lineTarget.dataset["verdict"] = word;
    this.lineTarget.replaceChildren(icon(mark.icon), ` ${mark.words}`);
  }

  /** How another operator's call sounds: only those who may watch calls are told. */
  private learn(now: QualityNow): void {
    const before = this.others.get(now.extension);
    if (now.verdict === null && now.alarm === null) this.others.delete(now.extension);
    else this.others.set(now.extension, now);
    const { alarm } = now;
    if (now.extension !== this.extensionValue && alarm && goesOneWay(alarm) && before?.alarm !== alarm)
      toast(t("Operator {number}: {what}", { number: now.extension, what: alarmWord(alarm) }), "warning");
    this.markOthers();
  }

  private readonly markOthers = (): void => {
    for (const element of document.querySelectorAll<HTMLElement>("[data-quality-of]")) {
      const now = this.others.get(element.dataset["qualityOf"] ?? "");
      const mark = now ? markOf(now) : null;
      element.hidden = mark === null;
      if (element.dataset["words"] === (mark?.words ?? "")) continue;
      element.dataset["words"] = mark?.words ?? "";
      element.dataset["verdict"] = now?.alarm ? "poor" : (now?.verdict ?? "");
      element.replaceChildren(...(mark ? [icon(mark.icon), ` ${mark.words}`] : []));
    }
  };
}

function markOf({ alarm, verdict }: QualityNow): { icon: string; words: string } | null {
  if (alarm) return { icon: "volume-off", words: alarmWord(alarm) };
  return verdict ? lineMark(verdict) : null;
}
