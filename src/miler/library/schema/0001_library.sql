-- The first library. Columns, units and promises: docs/reference/library.md.

CREATE TABLE settings (
    id       INTEGER PRIMARY KEY,
    document TEXT NOT NULL UNIQUE
);

CREATE TABLE activities (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    start_time      TEXT,
    start_local     TEXT,
    time_zone       TEXT,
    sport           TEXT NOT NULL,
    sub_sport       TEXT,
    device          TEXT,
    name            TEXT,
    records         INTEGER NOT NULL,
    distance_m      REAL,
    elapsed_s       REAL NOT NULL,
    timer_s         REAL,
    moving_s        REAL,
    distance_source TEXT NOT NULL,
    settings_id     INTEGER NOT NULL REFERENCES settings,
    version         TEXT NOT NULL,
    added_at        TEXT NOT NULL
);
CREATE INDEX activities_by_start ON activities (start_local);
CREATE INDEX activities_by_settings ON activities (settings_id);

CREATE TABLE efforts (
    activity_id INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    length_m    REAL NOT NULL,
    name        TEXT NOT NULL,
    elapsed_s   REAL NOT NULL,
    timer_s     REAL NOT NULL,
    start_s     REAL NOT NULL,
    end_s       REAL NOT NULL,
    start_m     REAL NOT NULL,
    end_m       REAL NOT NULL,
    flags       TEXT NOT NULL,
    PRIMARY KEY (activity_id, length_m)
) WITHOUT ROWID;
CREATE INDEX efforts_by_time ON efforts (length_m, elapsed_s, activity_id);

CREATE TABLE scores (
    activity_id             INTEGER PRIMARY KEY REFERENCES activities ON DELETE CASCADE,
    evenness                REAL NOT NULL,
    cv_percent              REAL NOT NULL,
    half_difference_percent REAL NOT NULL,
    fast_start_percent      REAL NOT NULL,
    end_spurt_percent       REAL NOT NULL,
    shape                   TEXT NOT NULL
);

CREATE TABLE laps (
    activity_id    INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    number         INTEGER NOT NULL,
    "trigger"      TEXT,
    start_s        REAL NOT NULL,
    elapsed_s      REAL NOT NULL,
    timer_s        REAL,
    distance_m     REAL,
    heart_rate_bpm REAL,
    cadence_spm    REAL,
    climb_m        REAL,
    fall_m         REAL,
    PRIMARY KEY (activity_id, number)
) WITHOUT ROWID;

CREATE TABLE splits (
    activity_id    INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    kind           TEXT NOT NULL CHECK (kind IN ('quarter', 'track_lap', 'mile', 'km')),
    number         INTEGER NOT NULL,
    start_m        REAL NOT NULL,
    end_m          REAL NOT NULL,
    start_s        REAL NOT NULL,
    elapsed_s      REAL NOT NULL,
    timer_s        REAL NOT NULL,
    heart_rate_bpm REAL,
    cadence_spm    REAL,
    climb_m        REAL,
    fall_m         REAL,
    PRIMARY KEY (activity_id, kind, number)
) WITHOUT ROWID;

CREATE TABLE notes (
    activity_id INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    code        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('damage', 'finding')),
    message     TEXT NOT NULL,
    at_s        REAL,
    PRIMARY KEY (activity_id, number)
) WITHOUT ROWID;
CREATE INDEX notes_by_code ON notes (code, activity_id);

CREATE TABLE documents (
    activity_id INTEGER PRIMARY KEY REFERENCES activities ON DELETE CASCADE,
    document    BLOB NOT NULL,
    report      BLOB NOT NULL
);

-- Where results came from: contents by their hash, and the files in which they were seen.

CREATE TABLE sources (
    activity_id INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    sha256      TEXT NOT NULL,
    part        INTEGER NOT NULL,
    format      TEXT,
    name        NOT NULL,
    size_bytes  INTEGER NOT NULL,
    label       TEXT,
    PRIMARY KEY (sha256, part)
) WITHOUT ROWID;
CREATE INDEX sources_by_activity ON sources (activity_id);

CREATE TABLE files (
    id          INTEGER PRIMARY KEY,
    path        NOT NULL,
    member      NOT NULL,
    name        NOT NULL,
    size_bytes  INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    sha256      TEXT,
    format      TEXT,
    outcome     TEXT NOT NULL CHECK (outcome IN ('imported', 'duplicate', 'skipped', 'failed')),
    code        TEXT,
    message     TEXT,
    version     TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    UNIQUE (path, member)
);
CREATE INDEX files_by_content ON files (sha256);

-- What the runner said. No result depends on it, and no reprocessing touches it.

CREATE TABLE overrides (
    activity_id INTEGER PRIMARY KEY REFERENCES activities ON DELETE CASCADE,
    title       TEXT,
    tags        TEXT,
    sport       TEXT
);

CREATE TABLE exclusions (
    activity_id INTEGER NOT NULL REFERENCES activities ON DELETE CASCADE,
    length_m    REAL NOT NULL,
    PRIMARY KEY (activity_id, length_m)
) WITHOUT ROWID;

CREATE TABLE deletions (
    sha256     TEXT NOT NULL,
    part       INTEGER NOT NULL,
    deleted_at TEXT NOT NULL,
    PRIMARY KEY (sha256, part)
) WITHOUT ROWID;
