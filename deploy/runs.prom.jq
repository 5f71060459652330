# Turns a line of runs.jsonl into a Prometheus textfile:
#
#   tail -n 1 runs.jsonl | jq -r -f runs.prom.jq
#
# The line of a run that died lacks most keys: their metrics are left out.
def metric($name; $help; value):
  [value | values] as [$value]
  | select($value != null)
  | "# HELP epoch_mirror_run_\($name) \($help)",
    "# TYPE epoch_mirror_run_\($name) gauge",
    "epoch_mirror_run_\($name){mirror=\(.mirror | tojson)} \($value)";

metric("start_timestamp_seconds"; "When the last run began."; .start | values | fromdate),
metric("end_timestamp_seconds"; "When the last run ended."; .end | values | fromdate),
metric("exit_code"; "Exit status of the last run."; .exit_code),
metric("entries"; "Entries in the lists of the mirror."; .entries),
metric("articles"; "Lines the last run added to articles.jsonl."; .articles),
metric("listings"; "Lines the last run added to listings.jsonl."; .listings),
metric("pages"; "Pages the last run read."; .pages | values | add // 0),
metric("failures"; "Pages that failed in the last run."; .failures | values | map(.count) | add // 0),
metric("set_aside"; "Pages that have failed for seven days."; .set_aside | values | length),
metric("feed_bytes"; "Size of articles.jsonl after the last run."; .articles_after)
