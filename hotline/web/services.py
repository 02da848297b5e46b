"""What the web part is given. ``hotline.app`` makes one of these; nothing here makes anything itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotline.archive.service import Archive
from hotline.attendance.planning import Planning
from hotline.attendance.roster import Roster
from hotline.attendance.service import Attendance
from hotline.board.alarms import Alarms
from hotline.board.goals import Goals
from hotline.board.rules_admin import AlarmRules
from hotline.board.service import BoardService
from hotline.callbacks.service import Callbacks
from hotline.clock import Clock
from hotline.config import Settings
from hotline.cti.model import Call
from hotline.cti.recording_control import RecordingControl
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.errors import NotFound, Unavailable
from hotline.events import Bus
from hotline.journal.appeals import Appeals
from hotline.journal.calls import CallJournal
from hotline.journal.card_service import CardServices
from hotline.journal.classifier import Classifier
from hotline.journal.deadline_service import DeadlineService
from hotline.journal.dispositions import Dispositions
from hotline.journal.dossiers import Dossiers
from hotline.journal.drafts import Drafts
from hotline.journal.handover import HandOvers
from hotline.journal.lists_admin import ListsAdmin
from hotline.journal.merges import Merges
from hotline.journal.notices import Notices
from hotline.journal.outbox import Outbox
from hotline.journal.persons import Persons
from hotline.journal.queries import JournalQueries
from hotline.journal.recordings import Recordings
from hotline.journal.reveal import Reveal
from hotline.journal.scripts_admin import ScriptsAdmin
from hotline.journal.sight_of_appeal import SightOfAppeal
from hotline.journal.workload import Workload
from hotline.profiles.admin import ProfileAdmin
from hotline.queue.lines import LinesService
from hotline.queue.lines_keeper import LinesKeeper
from hotline.queue.service import OperatorDesk
from hotline.register.service import Register
from hotline.scoring.admin import QualityAdmin
from hotline.scoring.calibrations import Calibrations
from hotline.scoring.drawing import Drawing
from hotline.scoring.report import QualityReport
from hotline.scoring.service import Reviews
from hotline.softphone.accounts import AccountService
from hotline.softphone.line_quality import LineQualityService
from hotline.softphone.proxy import SipProxy
from hotline.softphone.quality import QualityService
from hotline.staff.secret_box import SecretBox
from hotline.staff.service import StaffService
from hotline.staff.sign_on import SignOn
from hotline.stats.check import StatsCheck
from hotline.stats.reports import Reports
from hotline.stats.service import Statistics
from hotline.supervision.parts import SupervisionParts
from hotline.webhooks.service import Webhooks


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages and API call."""

    settings: Settings
    clock: Clock
    bus: Bus
    database: Database
    staff: StaffService
    appeals: Appeals
    lists: JournalQueries
    drafts: Drafts
    notices: Notices
    deadlines: DeadlineService
    persons: Persons
    dossiers: Dossiers
    merges: Merges
    register: Register
    classifier: Classifier
    calls: CallJournal
    callbacks: Callbacks
    """The ledger of citizens who were not served."""
    recordings: Recordings
    archive: Archive
    recording: Mapping[str, RecordingControl]
    """The recordings of live calls, one control per Asterisk server."""
    dispositions: Dispositions
    hand_overs: HandOvers
    card: CardServices
    desk: OperatorDesk
    board: BoardService
    alarms: Alarms
    cti: Mapping[str, CtiService]
    """One per Asterisk server, by its name."""
    accounts: AccountService
    sip: SipProxy
    quality: QualityService
    lines: LineQualityService
    """What the exchange itself heard of calls."""
    supervision: SupervisionParts
    sign_on: SignOn | None
    """Supervisors in operators' conversations, their messages, operators' calls for help."""
    line_rules: LinesService
    """What the administration says of lines and queues."""
    line_keeper: LinesKeeper

    @property
    def alarm_rules(self) -> AlarmRules:
        """Administration of the alarms' rules."""
        return AlarmRules(self.database, self.clock)

    @property
    def goals(self) -> Goals:
        """Administration of the goals of queues."""
        return Goals(self.database, self.clock, self.settings.organisation)

    @property
    def reviews(self) -> Reviews:
        """Scores of conversations."""
        return Reviews(self.database, self.clock, Outbox(self.database, self.bus))

    @property
    def calibrations(self) -> Calibrations:
        """Conversations that several reviewers score."""
        return Calibrations(self.database, self.clock)

    @property
    def quality_admin(self) -> QualityAdmin:
        """Administration of score sheets and samples."""
        return QualityAdmin(self.database, self.clock)

    @property
    def drawing(self) -> Drawing:
        """Draws conversations to be scored."""
        return Drawing(self.database, self.clock, self.settings.zone)

    @property
    def quality_report(self) -> QualityReport:
        """Figures of scores and of what citizens said."""
        return QualityReport(self.database, self.settings.zone)

    @property
    def list_admin(self) -> ListsAdmin:
        """Administration of the lists that people choose from."""
        return ListsAdmin(self.database, self.clock, self.settings.zone)

    @property
    def reveal(self) -> Reveal:
        """Shows masked data of citizens."""
        return Reveal(self.database, self.clock, needs_reason=self.settings.unmask_needs_reason)

    @property
    def sight_of_appeal(self) -> SightOfAppeal:
        """Says what somebody would see of an appeal."""
        return SightOfAppeal(self.database, self.clock)

    @property
    def script_admin(self) -> ScriptsAdmin:
        """Writing and approving typical answers."""
        return ScriptsAdmin(self.database, self.clock, self.settings.zone)

    @property
    def profile_admin(self) -> ProfileAdmin:
        """Administration of the process profile."""
        return ProfileAdmin(self.database, self.clock)

    @property
    def attendance(self) -> Attendance:
        """Who should be here, and who was."""
        return Attendance(self.database, self.clock, self.settings.zone)

    @property
    def roster(self) -> Roster:
        """The plan of shifts."""
        return Roster(self.database, self.clock, self.settings.zone)

    @property
    def planning(self) -> Planning:
        """Templates of shifts, and absences."""
        return Planning(self.database, self.clock)

    @property
    def statistics(self) -> Statistics:
        """Figures of calls and operators."""
        return Statistics(self.database, self.clock, self.settings.zone, self.settings.organisation)

    @property
    def webhooks(self) -> Webhooks:
        """Events for other systems."""
        its = self.settings
        return Webhooks(
            self.database,
            self.clock,
            self.bus,
            SecretBox(its.secret_keys),
            plain_http=its.webhook_http,
            networks=its.webhook_networks,
        )

    @property
    def reports(self) -> Reports:
        """Figures of long periods."""
        return Reports(self.database, self.clock, self.settings.zone, self.bus)

    @property
    def stats_check(self) -> StatsCheck:
        """The proof of those figures."""
        return StatsCheck(self.database, self.clock, self.settings.asterisks)

    @property
    def workload(self) -> Workload:
        """What somebody has in his hands."""
        return Workload(self.database)

    def live_call(self, key: str) -> Call | None:
        """Return a call that goes on now, from memory; ``None`` when there is no such call (any more)."""
        for one in self.cti.values():
            call = one.tracker.call(key)
            if call is not None:
                return call
        return None

    def cti_of(self, key: str) -> CtiService:
        """Return the service of the Asterisk server on which a live call is.

        :raises NotFound: no server has this call now.
        :raises Unavailable: no server is configured.
        """
        if not self.cti:
            raise Unavailable("no telephone server is configured", error_id="telephony-unavailable")
        for one in self.cti.values():
            if one.tracker.call(key) is not None:
                return one
        raise NotFound("this call is over", error_id="no-such-call")
