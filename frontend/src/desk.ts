import { Application } from "@hotwired/stimulus";
import htmx from "htmx.org";
import { CallGuard } from "./call-guard";
import { startClickToCall } from "./click-to-call";
import AlarmsController from "./controllers/alarms_controller";
import AppealEditController from "./controllers/appeal_edit_controller";
import AppealLinksController from "./controllers/appeal_links_controller";
import AttachedController from "./controllers/attached_controller";
import AttachmentsController from "./controllers/attachments_controller";
import BellController from "./controllers/bell_controller";
import BulkController from "./controllers/bulk_controller";
import CallBoardController from "./controllers/call_board_controller";
import CardController from "./controllers/card_controller";
import CardLayoutController from "./controllers/card_layout_controller";
import CardToolsController from "./controllers/card_tools_controller";
import ContactImportController from "./controllers/contact_import_controller";
import DependentFieldsController from "./controllers/dependent_fields_controller";
import DirectoryController from "./controllers/directory_controller";
import DispositionController from "./controllers/disposition_controller";
import DraftsController from "./controllers/drafts_controller";
import EditLockController from "./controllers/edit_lock_controller";
import EditWatchController from "./controllers/edit_watch_controller";
import EmergencyController from "./controllers/emergency_controller";
import FavouritesController from "./controllers/favourites_controller";
import HistoryLinksController from "./controllers/history_links_controller";
import KeysController from "./controllers/keys_controller";
import LateController from "./controllers/late_controller";
import LiveTimeController from "./controllers/live_time_controller";
import LocatorController from "./controllers/locator_controller";
import MoveFormController from "./controllers/move_form_controller";
import MoveTargetsController from "./controllers/move_targets_controller";
import MovesController from "./controllers/moves_controller";
import NoticeListController from "./controllers/notice_list_controller";
import NotificationsController from "./controllers/notifications_controller";
import OperatorController from "./controllers/operator_controller";
import OrganisationPickerController from "./controllers/organisation_picker_controller";
import PanelController from "./controllers/panel_controller";
import PendingCardsController from "./controllers/pending_cards_controller";
import PersonOpenController from "./controllers/person_open_controller";
import PersonSearchController from "./controllers/person_search_controller";
import PhoneCallController from "./controllers/phone_call_controller";
import PlayerController from "./controllers/player_controller";
import PrefillController from "./controllers/prefill_controller";
import PrivateFieldsController from "./controllers/private_fields_controller";
import QualityController from "./controllers/quality_controller";
import RecentCallsController from "./controllers/recent_calls_controller";
import RecordController from "./controllers/record_controller";
import RegisterUploadController from "./controllers/register_upload_controller";
import RepresentationController from "./controllers/representation_controller";
import RowsController from "./controllers/rows_controller";
import ScriptsController from "./controllers/scripts_controller";
import SelectionController from "./controllers/selection_controller";
import ShellController from "./controllers/shell_controller";
import SoftphoneController from "./controllers/softphone_controller";
import SoundController from "./controllers/sound_controller";
import TabsController from "./controllers/tabs_controller";
import TextCounterController from "./controllers/text_counter_controller";
import TextFileController from "./controllers/text_file_controller";
import ThemeController from "./controllers/theme_controller";
import ToastsController from "./controllers/toasts_controller";
import TopicPickerController from "./controllers/topic_picker_controller";
import TransferController from "./controllers/transfer_controller";
import WrapUpController from "./controllers/wrap_up_controller";
import YearGridController from "./controllers/year_grid_controller";
import { startMenus } from "./menus";
import { thePhone } from "./phone-host";
import { unlockAudioOnGesture } from "./ringtone";
import { offerDrafts } from "./shift-end";
import { startTheme } from "./theme";

/** Controllers of well-known places, which templates need not name. */
const MOUNTED: Readonly<Record<string, string>> = {
  body: "alarms keys notifications private-fields",
  "#toasts": "toasts",
  "#pending-cards": "pending-cards",
};

function mount(): void {
  for (const [selector, names] of Object.entries(MOUNTED)) {
    const element = document.querySelector<HTMLElement>(selector);
    if (!element) continue;
    const present = (element.dataset["controller"] ?? "").split(/\s+/).filter(Boolean);
    element.dataset["controller"] = [...new Set([...present, ...names.split(" ")])].join(" ");
  }
}

startTheme();
mount();
startMenus();
startClickToCall();
unlockAudioOnGesture();
document.addEventListener("hotline:work-ended", () => void offerDrafts());
new CallGuard(thePhone());

const application = Application.start();
application.register("appeal-edit", AppealEditController);
application.register("attached", AttachedController);
application.register("bell", BellController);
application.register("bulk", BulkController);
application.register("call-board", CallBoardController);
application.register("card", CardController);
application.register("contact-import", ContactImportController);
application.register("alarms", AlarmsController);
application.register("appeal-links", AppealLinksController);
application.register("attachments", AttachmentsController);
application.register("card-layout", CardLayoutController);
application.register("card-tools", CardToolsController);
application.register("dependent-fields", DependentFieldsController);
application.register("drafts", DraftsController);
application.register("edit-lock", EditLockController);
application.register("edit-watch", EditWatchController);
application.register("emergency", EmergencyController);
application.register("favourites", FavouritesController);
application.register("history-links", HistoryLinksController);
application.register("organisation-picker", OrganisationPickerController);
application.register("representation", RepresentationController);
application.register("text-counter", TextCounterController);
application.register("directory", DirectoryController);
application.register("disposition", DispositionController);
application.register("keys", KeysController);
application.register("late", LateController);
application.register("live-time", LiveTimeController);
application.register("move-form", MoveFormController);
application.register("move-targets", MoveTargetsController);
application.register("moves", MovesController);
application.register("notice-list", NoticeListController);
application.register("locator", LocatorController);
application.register("notifications", NotificationsController);
application.register("operator", OperatorController);
application.register("panel", PanelController);
application.register("pending-cards", PendingCardsController);
application.register("person-open", PersonOpenController);
application.register("person-search", PersonSearchController);
application.register("phone-call", PhoneCallController);
application.register("quality", QualityController);
application.register("player", PlayerController);
application.register("prefill", PrefillController);
application.register("private-fields", PrivateFieldsController);
application.register("recent-calls", RecentCallsController);
application.register("record", RecordController);
application.register("register-upload", RegisterUploadController);
application.register("rows", RowsController);
application.register("scripts", ScriptsController);
application.register("selection", SelectionController);
application.register("shell", ShellController);
application.register("softphone", SoftphoneController);
application.register("sound", SoundController);
application.register("tabs", TabsController);
application.register("text-file", TextFileController);
application.register("theme", ThemeController);
application.register("toasts", ToastsController);
application.register("topic-picker", TopicPickerController);
application.register("transfer", TransferController);
application.register("wrap-up", WrapUpController);
application.register("year-grid", YearGridController);

// htmx starts itself on DOMContentLoaded; importing it is enough, and naming it keeps it in the bundle.
htmx.config.includeIndicatorStyles = false;
