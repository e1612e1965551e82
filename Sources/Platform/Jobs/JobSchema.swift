import Storage

/// The tables of work that is done after the answer: jobs, their history, schedules and events.
package enum JobSchema {
    package static let migrations = [
        Migration(
            room: "jobs", number: 1, name: "jobs, runs, schedules, events",
            sql: """
                -- What is to be done. A job goes on in steps; a step's effects, its cursor and its progress are one transaction.
                CREATE TABLE platform_jobs (
                  id            INTEGER PRIMARY KEY,
                  -- job: name is PLUGIN.JOB; hook: name is PLUGIN/HOOK
                  kind          TEXT    NOT NULL CHECK (kind IN ('job', 'hook')),
                  name          TEXT    NOT NULL,
                  -- the same thing is not queued twice: SCHEDULE@DUE, event:ID:SUBSCRIBER, PLUGIN:KEY
                  key           TEXT    UNIQUE,
                  args          TEXT    NOT NULL,
                  state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled', 'skipped')),
                  priority      INTEGER NOT NULL,
                  -- not before
                  due_at        TEXT    NOT NULL,
                  schedule      TEXT,
                  scheduled_for TEXT,
                  -- failures in a row, and in all
                  attempts      INTEGER NOT NULL DEFAULT 0,
                  errors        INTEGER NOT NULL DEFAULT 0,
                  slices        INTEGER NOT NULL DEFAULT 0,
                  cursor        TEXT,
                  checkpoint    TEXT,
                  done          INTEGER NOT NULL DEFAULT 0,
                  total         INTEGER,
                  last_error    TEXT,
                  -- the row in platform_job_runs that is being written
                  run_id        INTEGER,
                  actor_id      INTEGER NOT NULL,
                  actor         TEXT    NOT NULL,
                  request_id    TEXT    NOT NULL,
                  created_at    TEXT    NOT NULL,
                  updated_at    TEXT    NOT NULL,
                  finished_at   TEXT
                ) STRICT;
                CREATE INDEX platform_jobs_due_idx ON platform_jobs (due_at, id) WHERE state IN ('queued', 'running');
                CREATE INDEX platform_jobs_running_idx ON platform_jobs (name) WHERE state = 'running';
                CREATE INDEX platform_jobs_name_idx ON platform_jobs (name, id);
                CREATE INDEX platform_jobs_state_idx ON platform_jobs (state, id);
                CREATE INDEX platform_jobs_finished_idx ON platform_jobs (finished_at) WHERE finished_at IS NOT NULL;
                -- What was done: one row from a job's first step to its end or its failure.
                CREATE TABLE platform_job_runs (
                  id          INTEGER PRIMARY KEY,
                  job_id      INTEGER NOT NULL REFERENCES platform_jobs (id) ON DELETE CASCADE,
                  name        TEXT    NOT NULL,
                  started_at  TEXT    NOT NULL,
                  finished_at TEXT,
                  duration_ms INTEGER,
                  slices      INTEGER NOT NULL DEFAULT 0,
                  processed   INTEGER NOT NULL DEFAULT 0,
                  errors      INTEGER NOT NULL DEFAULT 0,
                  result      TEXT    NOT NULL CHECK (result IN ('running', 'done', 'failed', 'dead', 'cancelled', 'skipped')),
                  error       TEXT,
                  log         TEXT    NOT NULL DEFAULT ''
                ) STRICT;
                CREATE INDEX platform_job_runs_job_idx ON platform_job_runs (job_id, id);
                CREATE INDEX platform_job_runs_name_idx ON platform_job_runs (name, id);
                -- Up to when each schedule's times were looked at. It never goes back by less than a day.
                CREATE TABLE platform_schedules (
                  id         TEXT PRIMARY KEY,
                  cron       TEXT NOT NULL,
                  time_zone  TEXT NOT NULL,
                  considered_until TEXT NOT NULL,
                  last_due   TEXT
                ) STRICT, WITHOUT ROWID;
                -- What happened, told to subscribers after the commit.
                CREATE TABLE platform_events (
                  id         INTEGER PRIMARY KEY AUTOINCREMENT,
                  name       TEXT    NOT NULL,
                  payload    TEXT    NOT NULL,
                  actor_id   INTEGER NOT NULL,
                  actor      TEXT    NOT NULL,
                  request_id TEXT    NOT NULL,
                  created_at TEXT    NOT NULL
                ) STRICT;
                CREATE INDEX platform_events_name_idx ON platform_events (name, id);
                CREATE INDEX platform_events_created_idx ON platform_events (created_at);
                """)
    ]
}
