import { Controller } from "@hotwired/stimulus";
import { openInWork } from "../navigate";
import type { Attached } from "./person_search_controller";

/** A search outside a card: choosing a person opens an address with his id instead of attaching him. */
export default class PersonOpenController extends Controller<HTMLElement> {
  static override values = { url: String };
  declare readonly urlValue: string;

  override connect(): void {
    this.element.addEventListener("person-search:attach", this.onAttach);
  }

  override disconnect(): void {
    this.element.removeEventListener("person-search:attach", this.onAttach);
  }

  private readonly onAttach = (event: Event): void => {
    const { person } = (event as CustomEvent<Attached>).detail;
    void openInWork(this.urlValue.replace("{id}", encodeURIComponent(person["id"] ?? "")));
  };
}
