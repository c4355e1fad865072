-- The results of a batch, as DuckDB keeps them. Documented with examples in docs/batch.md.

CREATE TABLE meta (
    name VARCHAR PRIMARY KEY,           -- 'schema': the version of this file; 'logdoctor': who made it
    value VARCHAR NOT NULL
);

-- One row for each job.
CREATE TABLE jobs (
    job VARCHAR PRIMARY KEY,            -- its name: the folder's, the file's, or what the pattern calls "job"
    paths VARCHAR[] NOT NULL,           -- what `logdoctor explain` takes to diagnose it again
    state VARCHAR NOT NULL,             -- diagnosed | partial (some of it could not be read) | unreadable | crashed | timed-out
    reason VARCHAR,                     -- what could not be read, or how the worker ended; else NULL
    verdict VARCHAR,                    -- root-cause | consequence-only | unknown-failure | healthy; NULL where there is no diagnosis
    fingerprint VARCHAR,                -- what tells this kind of failure from others: free of ranks, hosts, numbers, times; NULL if healthy
    finding VARCHAR,                    -- id of the first finding that is no advice
    title VARCHAR,
    component VARCHAR,
    severity VARCHAR,
    layer VARCHAR,                      -- host | fault | peer | wait | relay
    confidence DOUBLE,                  -- 0 to 1
    host VARCHAR,                       -- where the trouble is, as far as the logs tell: the first of the guilty
    rank INTEGER,
    device VARCHAR,                     -- PCI address of a GPU or a network card
    failed_at TIMESTAMP,                -- of the first line that shows the cause, as the log has it; UTC where it states a zone
    started_at TIMESTAMP,               -- first and last time in the logs
    ended_at TIMESTAMP,
    modified_at TIMESTAMP,              -- when the newest of its files was written, UTC
    ranks INTEGER,                      -- processes of the run (its world size): one GPU each
    gpu_hours DOUBLE,                   -- ranks x (ended_at - started_at)
    files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    seconds DOUBLE NOT NULL,            -- that its diagnosis took
    inputs VARCHAR NOT NULL,            -- digest of the paths, sizes and times of its files
    rulebook VARCHAR NOT NULL,          -- digest of the rules
    diagnosed_at TIMESTAMP NOT NULL     -- UTC
);

-- All findings of each job, the root cause first.
CREATE TABLE findings (
    job VARCHAR NOT NULL,
    place INTEGER NOT NULL,             -- 0 is the first
    finding VARCHAR NOT NULL,           -- its id
    title VARCHAR NOT NULL,
    component VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    layer VARCHAR NOT NULL,
    role VARCHAR NOT NULL,              -- root-cause | contributing | consequence | advice
    confidence DOUBLE NOT NULL,
    count BIGINT NOT NULL               -- occurrences
);

-- The lines that show them.
CREATE TABLE evidence (
    job VARCHAR NOT NULL,
    place INTEGER NOT NULL,             -- of the finding
    source VARCHAR NOT NULL,
    line BIGINT NOT NULL,               -- 1-based
    text VARCHAR NOT NULL,
    host VARCHAR,
    rank INTEGER,
    pid BIGINT,
    time VARCHAR                        -- ISO 8601, as far as the log has it
);

-- Processes, devices and hosts at which a finding points.
CREATE TABLE guilty (
    job VARCHAR NOT NULL,
    place INTEGER NOT NULL,             -- of the finding
    host VARCHAR,
    rank INTEGER,
    pid BIGINT,
    device VARCHAR
);

-- The hosts of each job, as far as its logs name them.
CREATE TABLE hosts (
    job VARCHAR NOT NULL,
    host VARCHAR NOT NULL
);

-- What each job ran with: versions and environment variables. A name has several rows where hosts or ranks differ.
CREATE TABLE settings (
    job VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,              -- version | variable
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);

-- Each job's diagnosis: the object of `logdoctor explain --format json` (docs/json.md), its timeline left empty.
CREATE TABLE diagnoses (
    job VARCHAR PRIMARY KEY,
    diagnosis JSON NOT NULL
);
