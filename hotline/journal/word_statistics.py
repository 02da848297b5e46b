"""How frequent words are in the texts of appeals, as PostgreSQL's own statistics say (ADR 0019)."""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WALKED = 75
"""From which share of the texts on the newest ones are walked: where both ways cost the same.

Walking until 200 appeals have the word reads ``200 / share`` texts, the index leads to ``share * all`` rows; a row that
an index leads to costs nearly three times a neighbour. Equal at ``share ** 2 * all = 75``.
"""
_UNFINISHED = re.compile(r"'([^']+)':\*")
# ``most_common_elem_freqs`` is longer than the words by the least and the greatest of them. A word that is not in the
# statistics is too rare to be. Words of one reading are as independent as the planner thinks they are.
_SHARE = text(
    """
    WITH common AS MATERIALIZED (
        SELECT one.word, one.share
        FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS one(word, share)
        WHERE schemaname = current_schema() AND tablename = 'appeal' AND attname = 'words' AND one.word IS NOT NULL
    )
    SELECT max((
        SELECT exp(sum(ln(greatest(1e-9, (
            SELECT sum(common.share) FROM common
            WHERE common.word = asked.lexeme
               OR (starts_with(common.word, asked.lexeme)
                   AND asked.lexeme = ANY (tsvector_to_array(to_tsvector('russian', :beginnings))))
        ))))) FROM unnest(to_tsvector('russian', reading)) AS asked
    )) FROM unnest(CAST(:readings AS text[])) AS reading
    """
)


async def frequent(session: AsyncSession, words: str, last_id: int) -> bool:
    """Tell whether so many texts have ``words`` that the newest of them are found on the way from the newest appeal.

    :param words: as :class:`hotline.journal.question.Question` has them for ``to_tsquery``.
    :param last_id: id of the newest appeal.
    """
    beginnings = " ".join(_UNFINISHED.findall(words))
    share = await session.scalar(_SHARE, {"readings": words.split(" | "), "beginnings": beginnings})
    return share is not None and share**2 * last_id >= WALKED
