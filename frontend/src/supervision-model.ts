import { t } from "./i18n";

/** What a supervisor may ask for in a conversation. */
export type Wish = "listen" | "whisper" | "barge" | "take";
export const WISHES: readonly Wish[] = ["listen", "whisper", "barge", "take"];

/** A supervisor's own part in an operator's conversation; hotline/web/supervision_data.py. */
export interface Supervision {
  id: number;
  stage: "ringing" | "listen" | "whisper" | "barge" | "over";
  wish: Wish;
  ended: string | null;
  problem: string;
  operator: { id: number; name: string; extension: string };
  call_key: string;
  since: string;
  modes: readonly Wish[];
}

/** What an operator is told of who takes part in his conversation. */
export interface Told {
  stage: string;
  by: string;
  call_key: string;
}

/** What a line of the board's menu says when it is chosen. */
export interface BoardAct {
  action: string;
  id: number;
  extension: string;
  state: string;
  name: string;
  call_key: string | null;
}

export function isWish(action: string): action is Wish {
  return (WISHES as readonly string[]).includes(action);
}

/** What the supervisor does now. */
export function stageWords(stage: string): string {
  const words: Readonly<Record<string, string>> = {
    ringing: t("Your telephone rings…"),
    listen: t("You listen, nobody hears you"),
    whisper: t("Only the operator hears you"),
    barge: t("Three are talking"),
  };
  return words[stage] ?? "";
}

/** What to say when it has ended; empty when the supervisor knows. */
export function endWords(one: Supervision): string {
  switch (one.ended) {
    case "hung_up":
      return t("The conversation of {name} is over.", { name: one.operator.name });
    case "not_answered":
      return t("You are not connected: your telephone did not answer.");
    case "taken":
      return t("The citizen is yours now.");
    case "lost":
      return t("The connection with the conversation was lost.");
    default:
      return "";
  }
}
