"""The one place that knows every table: importing this module fills ``metadata``."""

from __future__ import annotations

import hotline.archive.tables
import hotline.attendance.tables
import hotline.board.tables
import hotline.callbacks.tables
import hotline.cti.tables
import hotline.journal.tables
import hotline.journal.tables_call
import hotline.journal.tables_card
import hotline.journal.tables_classifier
import hotline.journal.tables_lifecycle
import hotline.journal.tables_lists
import hotline.journal.tables_merge
import hotline.journal.tables_person
import hotline.journal.tables_rating
import hotline.journal.tables_script
import hotline.journal.tables_segment
import hotline.journal.tables_terms
import hotline.migrations.tables_state
import hotline.queue.tables
import hotline.queue.tables_lines
import hotline.register.tables
import hotline.scoring.tables
import hotline.softphone.tables
import hotline.softphone.tables_line
import hotline.staff.audit_partitions
import hotline.staff.tables
import hotline.staff.tables_contact
import hotline.staff.tables_factor
import hotline.staff.tables_password
import hotline.staff.tables_token
import hotline.stats.tables
import hotline.stats.tables_report
import hotline.supervision.tables
import hotline.webhooks.tables  # noqa: F401 - imported for what they register
from hotline.db import Base

metadata = Base.metadata
