-- One run from several files: what is known of each, and what the runner decided. docs/reference/library.md.

-- The results of a source that does not lead its activity; the leading one's are in the tables of results.
CREATE TABLE spares (
    sha256      TEXT NOT NULL,
    part        INTEGER NOT NULL,
    settings_id INTEGER NOT NULL REFERENCES settings,
    version     TEXT NOT NULL,
    document    BLOB NOT NULL,
    report      BLOB NOT NULL,
    PRIMARY KEY (sha256, part),
    FOREIGN KEY (sha256, part) REFERENCES sources ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX spares_by_settings ON spares (settings_id);

CREATE TABLE fingerprints (
    sha256      TEXT NOT NULL,
    part        INTEGER NOT NULL,
    begin_s     REAL,
    end_s       REAL,
    fingerprint BLOB NOT NULL,
    PRIMARY KEY (sha256, part),
    FOREIGN KEY (sha256, part) REFERENCES sources ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX fingerprints_by_time ON fingerprints (begin_s, end_s, sha256, part);

CREATE TABLE pairs (
    sha256          TEXT NOT NULL,
    part            INTEGER NOT NULL,
    other_sha256    TEXT NOT NULL,
    other_part      INTEGER NOT NULL,
    verdict         TEXT NOT NULL CHECK (verdict IN ('same', 'perhaps')),
    why             TEXT NOT NULL,
    overlap_s       REAL NOT NULL,
    overlap_percent REAL NOT NULL,
    clock_s         REAL NOT NULL,
    gap_m           REAL,
    PRIMARY KEY (sha256, part, other_sha256, other_part),
    FOREIGN KEY (sha256, part) REFERENCES sources ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (other_sha256, other_part) REFERENCES sources ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
CREATE INDEX pairs_by_other ON pairs (other_sha256, other_part);

-- What the runner said of two contents: no reprocessing touches it, and it outlasts both.
CREATE TABLE decisions (
    sha256       TEXT NOT NULL,
    part         INTEGER NOT NULL,
    other_sha256 TEXT NOT NULL,
    other_part   INTEGER NOT NULL,
    verdict      TEXT NOT NULL CHECK (verdict IN ('same', 'apart')),
    decided_at   TEXT NOT NULL,
    PRIMARY KEY (sha256, part, other_sha256, other_part)
) WITHOUT ROWID;
CREATE INDEX decisions_by_other ON decisions (other_sha256, other_part);
