"""Queries in the table ``canned_queries`` of an exported SQLite file.

To work in any client, the queries themselves split a phrase into the words of the index:
:data:`SPLIT` is :func:`crawler.export.phrases.words` in SQL. Ideographic and no-break spaces in a
phrase count as spaces, because a feed's text has neither. The plain form, ``articles_fts match
'台湾'``, finds nothing: an unsplit phrase is one word, which is not in the index.
"""

from __future__ import annotations

from typing import NamedTuple

from crawler.export.phrases import BREAK, SPACE, TAB, WORD_CHARACTERS


class CannedQuery(NamedTuple):
    """A query with named parameters (``:phrase``).

    Attributes:
        name: its name in ``canned_queries`` and in Datasette's URLs.
        title: the question, on one line.
        description: the meaning of its parameters and rows.
        text: the SQL.
    """

    name: str
    title: str
    description: str
    text: str


SPLIT = f"""\
with recursive
  input (phrase) as (
    select trim(replace(replace(:phrase, char(12288), ' '), char(160), ' '))
  ),
  split (n, words) as (
    select 0, '' from input
    union all
    select n + 1, words || case
      when substr(phrase, n + 1, 1) glob '[{WORD_CHARACTERS}]' then substr(phrase, n + 1, 1)
      when substr(phrase, n, 3) glob '[{WORD_CHARACTERS}] [{WORD_CHARACTERS}]' and n > 0 then ' '
      when substr(phrase, n + 1, 1) = ' ' then ' {SPACE} '
      when substr(phrase, n + 1, 1) = char(10) then ' {BREAK} '
      when substr(phrase, n + 1, 1) = char(9) then ' {TAB} '
      when substr(phrase, n + 1, 1) = '"' then ' "" '
      else ' ' || substr(phrase, n + 1, 1) || ' '
    end
    from split, input where n < length(phrase)
  ),
  wanted (match_text) as (select '"' || words || '"' from split order by n desc limit 1)
"""  # noqa: S608 - our own names


_SEARCH = CannedQuery(
    "search",
    "Articles that contain a phrase, newest first",
    "phrase: any text of any length, such as 台湾. Characters and punctuation match exactly; "
    "Latin words and numbers match as a whole, in upper or lower case. Shows 100 articles.",
    SPLIT  # noqa: S608 - our own names
    + """\
  , found (article_key) as (
    select article_key from articles
    where article_key in (
      select rowid from articles_fts where articles_fts match (select match_text from wanted)
    )
    order by date_published desc, id desc limit 100
  )
select date_published, title,
  substr(content_text, max(instr(lower(content_text), lower(phrase)) - 20, 1), 60) as passage,
  mirror, id, url
from found join articles using (article_key), input
order by date_published desc, id desc
""",
)

_MENTIONS = CannedQuery(
    "mentions_by_month",
    "How many articles contain a phrase, by month",
    "phrase: as in search. share is the percentage of the month's articles; an article in several "
    "mirrors counts once.",
    SPLIT  # noqa: S608 - our own names
    + """\
  , mentions (month, articles_with_phrase) as (
    select substr(date_published, 1, 7), count(distinct id) from articles
    where article_key in (
      select rowid from articles_fts where articles_fts match (select match_text from wanted)
    )
    group by 1
  ),
  months (month, all_articles) as (
    select substr(date_published, 1, 7), count(distinct id) from articles group by 1
  )
select month, ifnull(articles_with_phrase, 0) as articles_with_phrase, all_articles,
  round(100.0 * ifnull(articles_with_phrase, 0) / all_articles, 2) as share
from months left join mentions using (month)
order by month
""",
)

_WRITERS = CannedQuery(
    "most_articles",
    "Authors with the most articles in a year",
    "year: four digits, such as 2022.",
    """\
select author, count(distinct id) as articles_written
from authors join articles using (mirror, id)
where date_published between :year || '-01-01' and :year || '-12-31'
group by author
order by articles_written desc, author
limit 100
""",
)

_SECTIONS = CannedQuery(
    "in_sections",
    "Articles in several sections",
    "at_least: the least number of sections, such as 3.",
    """\
select id, title, date_published, count(distinct section_id) as section_count,
  group_concat(distinct section_id) as section_ids
from listings join unique_articles using (id)
group by id
having section_count >= cast(:at_least as integer)
order by section_count desc, date_published desc, id
""",
)

_CHANGES = CannedQuery(
    "changed_since",
    "Changes since a given time",
    "since: a UTC time or its beginning, such as 2026-11-24 or 2026-11-24T06:00:00Z. The kind new "
    "means that an article was read for the first time; changed, vanished and returned are later "
    "changes.",
    """\
select seen_at, kind, id, mirror, title,
  json_extract(record_before, '$.title') as title_before
from (
  select ifnull((
      select json_extract(record_before, '$.crawled_at') from changes
      where mirror = articles.mirror and id = articles.id and record_before is not null
      order by change_number limit 1
    ), crawled_at) as seen_at, 'new' as kind, mirror, id, null as record_before
  from articles
  union all
  select seen_at, kind, mirror, id, record_before from changes
) join articles using (mirror, id)
where seen_at >= :since
order by seen_at desc, id desc
""",
)

QUERIES = (_SEARCH, _MENTIONS, _WRITERS, _SECTIONS, _CHANGES)
