"""The tables of an exported SQLite file.

Names are not keywords of SQLite, so queries need no quotes. Tables are joined by (mirror, id);
``ordinal`` is the position in the article's list, counted from 1.
"""

from __future__ import annotations

from crawler.export.phrases import TOKENIZER
from crawler.export.rows import PARTS, RUN_COLUMNS

APPLICATION_ID = 0x45504D46
"""Marks an SQLite file as an export (``EPMF``); other SQLite files are never written."""

SCHEMA_VERSION = 1
"""Version of these tables and of the words of the index, in ``pragma user_version``."""

_ARTICLES = """
create table articles (
  article_key integer primary key,
  mirror text not null,
  id text not null,
  url text,
  title text not null,
  title_column text,
  language text,
  date_published text not null,
  date_source text,
  dateline text,
  byline text,
  image text,
  image_caption text,
  image_credit text,
  has_video integer,
  truncated integer,
  tag_count integer,
  link_count integer,
  video_count integer,
  text_length integer not null,
  content_sha256 text,
  mirror_url text,
  crawled_at text,
  changed_at text,
  vanished_at text,
  feed_file text not null,
  feed_offset integer not null,
  further_keys text,
  content_text text not null{html},
  unique (mirror, id)
);
create index articles_by_id on articles (id, article_key);
create index articles_by_day on articles (date_published, id);
"""

_INDEX = f"""
create virtual table articles_fts using fts5 (
  title, content_text, content='articles', content_rowid='article_key',
  tokenize="{TOKENIZER}"
);
"""

_PART = """
create table {table} (
  mirror text not null,
  id text not null,
  ordinal integer not null,
  {columns},
  primary key (mirror, id, ordinal),
  foreign key (mirror, id) references articles (mirror, id)
) without rowid;
create index {table}_by_{column} on {table} ({column});
"""

_OTHERS = """
create table listings (
  mirror text not null,
  section_id text not null,
  id text not null,
  listed_title text,
  first_seen_at text,
  primary key (mirror, section_id, id)
) without rowid;
create index listings_by_article on listings (mirror, id);
create table runs (
  mirror text not null,
  run_number integer not null,
  {run_columns},
  run_record text not null,
  primary key (mirror, run_number)
) without rowid;
create table changes (
  mirror text not null,
  change_number integer not null,
  id text not null,
  kind text not null,
  seen_at text,
  content_sha256 text,
  record_before text,
  primary key (mirror, change_number)
) without rowid;
create index changes_by_article on changes (mirror, id);
create index changes_by_time on changes (seen_at);
create table canned_queries (
  query_name text primary key,
  title text not null,
  description text not null,
  query_text text not null
) without rowid;
create table exported_files (
  mirror text not null,
  file_name text not null,
  file_offset integer not null,
  tail_sha256 text not null,
  exported_at text not null,
  primary key (mirror, file_name)
) without rowid;
"""

_UNIQUE_ARTICLES = """
create view unique_articles as
select * from articles
where article_key = (
  select edition.article_key from articles as edition where edition.id = articles.id
  order by edition.vanished_at is not null, ifnull(edition.truncated, 1),
    edition.text_length desc, edition.mirror
  limit 1
);
"""
"""One row for each id. The order of preference among different versions of an article: its mirror
still has it, it is not cut short, its text is the longest, its mirror's name comes first. The longer
text is usually the later one, because the newspaper's corrections mostly add text."""

_NUMBERS = ("exit_code", "entries", "duplicates")
_NUMBERS_END = ("_written", "_before", "_after")


def schema(*, html: bool) -> str:
    """Return the statements that create all tables, indexes and views.

    Args:
        html: whether ``articles`` has a column ``content_html``.
    """
    parts = (_part(table, *columns) for table, columns in PARTS.items())
    runs = ",\n  ".join(f"{name} {_run_type(name)}" for name in RUN_COLUMNS)
    return "".join(
        (
            _ARTICLES.format(html=",\n  content_html text" if html else ""),
            _INDEX,
            *parts,
            _OTHERS.format(run_columns=runs),
            _UNIQUE_ARTICLES,
        )
    )


def _part(table: str, first: str, *others: str) -> str:
    columns = ",\n  ".join([f"{first} text not null", *(f"{name} text" for name in others)])
    return _PART.format(table=table, columns=columns, column=first)


def _run_type(column: str) -> str:
    return "integer" if column in _NUMBERS or column.endswith(_NUMBERS_END) else "text"
