import { h, icon } from "./dom";
import { phoneNumber } from "./format";
import { t } from "./i18n";
import type { PhoneCall } from "./phone/index";

/** One further call of this telephone: a second one that rings, or a first one that waits. */
export function otherCallBadge(
  call: PhoneCall,
  disabled: boolean,
  acts: { turnTo: () => void; decline: () => void },
): HTMLLIElement {
  const ringing = call.state === "ringing";
  const name = call.number === "" ? t("Hidden number") : phoneNumber(call.number);
  const button = (text: string, drawing: string, act: () => void): HTMLButtonElement => {
    const made = h(
      "button",
      { type: "button", class: "btn btn-sm", disabled, "aria-label": `${text}: ${name}` },
      icon(drawing),
      text,
    );
    made.addEventListener("click", act);
    return made;
  };
  const buttons = [button(ringing ? t("Answer") : t("Go over"), "phone", acts.turnTo)];
  if (ringing) buttons.push(button(t("Decline"), "phone-off", acts.decline));
  return h(
    "li",
    { class: "phone-other", "data-state": call.state },
    h("b", { class: "phone-other-number" }, name),
    h("span", { class: "phone-other-state" }, ringing ? t("second call") : t("waits on hold")),
    h("span", { class: "phone-other-actions" }, ...buttons),
  );
}
